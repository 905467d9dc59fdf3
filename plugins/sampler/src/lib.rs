//! Asks for the time and for random numbers, each in every way there is: answers `{"now_ms", "elapsed_us", "number",
//! "bytes", "asked"}`. `bytes` are as many as the payload's `{"bytes": 16}` says, and `asked` are 16 that came by way of
//! the crate `getrandom`, both in hexadecimal digits.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use wasmill_getrandom as _;
use wasmill_sdk::{Failure, clock, handler, random};

/// How much to ask for.
#[derive(Default, Deserialize)]
struct Question {
    bytes: usize,
}

/// What came.
#[derive(Serialize)]
struct Sample {
    now_ms: u64,
    elapsed_us: u64,
    number: u64,
    bytes: String,
    asked: String,
}

#[handler]
fn sampler(question: Option<Question>) -> Result<Sample, Failure> {
    let began = clock::monotonic();
    let bytes = random::bytes(question.unwrap_or_default().bytes);
    let mut asked = [0; 16];
    getrandom::fill(&mut asked).map_err(Failure::retry)?;
    Ok(Sample {
        now_ms: whole(clock::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis()),
        elapsed_us: whole(clock::monotonic().saturating_sub(began).as_micros()),
        number: random::number(),
        bytes: hexadecimal(&bytes),
        asked: hexadecimal(&asked),
    })
}

fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
