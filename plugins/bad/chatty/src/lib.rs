//! Writes as many log lines as the payload says: `{"lines": 1000, "bytes": 80}`, each so many bytes long.

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, handler, log};

/// How much to say.
#[derive(Deserialize)]
struct Talk {
    lines: u32,
    bytes: usize,
}

/// How much was said.
#[derive(Serialize)]
struct Said {
    lines: u32,
}

#[handler]
fn chatty(talk: Talk) -> Result<Said, Failure> {
    let line = "x".repeat(talk.bytes);
    for _ in 0..talk.lines {
        log::write(log::Level::Info, &line);
    }
    Ok(Said { lines: talk.lines })
}

#[cfg(test)]
mod tests;
