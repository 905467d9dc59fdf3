//! Fails its first attempts with a retry, then succeeds: `{"failures": 2}` completes at the third, with
//! `{"attempt": 3}`. `after_ms` asks for a delay between them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, context, handler};

/// How often to fail.
#[derive(Deserialize)]
struct Mood {
    failures: u32,
    after_ms: Option<u64>,
}

/// Which attempt it was.
#[derive(Serialize)]
struct Success {
    attempt: u32,
}

#[handler]
fn flaky(mood: Mood) -> Result<Success, Failure> {
    let attempt = context::attempt();
    if attempt > mood.failures {
        return Ok(Success { attempt });
    }
    let failure = Failure::retry(format_args!("attempt {attempt} of {} that fail", mood.failures));
    Err(match mood.after_ms {
        Some(delay) => failure.after(Duration::from_millis(delay)),
        None => failure,
    })
}

#[cfg(test)]
mod tests;
