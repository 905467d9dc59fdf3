//! Calls the host in an endless loop, whatever it answers: `{"call": "log"}`, or `context`, `http` (to the payload's
//! `url`), `emit` (of its `type`). `{"rounds": 1000}` ends after so many calls after all, and answers `{"refused": n}`: how
//! many of them the host refused. `{"bytes": n}` makes each line, body or payload so long.

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, context, emit, handler, http, log};

/// What to be greedy for.
#[derive(Deserialize)]
struct Greed {
    call: Call,
    rounds: Option<u64>,
    #[serde(default)]
    bytes: usize,
    #[serde(default)]
    url: String,
    #[serde(default, rename = "type")]
    job_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Call {
    Log,
    Context,
    Http,
    Emit,
}

/// How often the host said no.
#[derive(Serialize)]
struct Had {
    refused: u64,
}

#[handler]
fn greedy(greed: Greed) -> Result<Had, Failure> {
    let text = "x".repeat(greed.bytes);
    let (mut round, mut refused) = (0, 0);
    while greed.rounds.is_none_or(|rounds| round < rounds) {
        round += 1;
        let granted = match greed.call {
            Call::Log => {
                log::write(log::Level::Info, &text);
                true
            }
            Call::Context => !context::job_id().is_empty(),
            Call::Http => http::post(&greed.url).body(&text).send().is_ok(),
            Call::Emit => emit::child_of_bytes(&greed.job_type, &text).submit().is_ok(),
        };
        refused += u64::from(!granted);
    }
    Ok(Had { refused })
}

#[cfg(test)]
mod tests;
