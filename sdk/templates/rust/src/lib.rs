//! Welcomes somebody: `{"email": "ada@example.org"}` becomes `{"subject": "Welcome, ada!"}`.

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, handler, log};

#[derive(Deserialize)]
struct Job {
    email: String,
}

#[derive(Serialize)]
struct Output {
    subject: String,
}

#[handler]
fn welcome(job: Job) -> Result<Output, Failure> {
    let Some((name, _)) = job.email.split_once('@') else {
        return Err(Failure::reject(format!("`{}` is no address", job.email)));
    };
    log::info!("writing to {}", job.email);
    Ok(Output { subject: format!("Welcome, {name}!") })
}

#[cfg(test)]
mod tests;
