//! Rejects every job, with the payload's `message` if there is one.

use serde::Deserialize;
use wasmill_sdk::{Failure, handler};

/// What to say.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: Option<String>,
}

#[handler]
fn reject(refusal: Option<Refusal>) -> Result<(), Failure> {
    let message = refusal.and_then(|refusal| refusal.message);
    Err(Failure::reject(message.as_deref().unwrap_or("this handler rejects every job")))
}

#[cfg(test)]
mod tests;
