//! Answers with as many bytes as the payload says: `{"bytes": 1000}`. `{"bytes": 1000, "as": "retry"}` (or
//! `"reject"`) makes them the failure's message instead of the output.

use serde::Deserialize;
use wasmill_sdk::{Failure, Raw, handler};

/// What to answer.
#[derive(Deserialize)]
struct Size {
    bytes: usize,
    #[serde(default, rename = "as")]
    kind: Kind,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Output,
    Retry,
    Reject,
}

#[handler]
fn huge(size: Size) -> Result<Raw, Failure> {
    match size.kind {
        Kind::Output => Ok(Raw(vec![b'x'; size.bytes])),
        Kind::Retry => Err(Failure::retry("x".repeat(size.bytes))),
        Kind::Reject => Err(Failure::reject("x".repeat(size.bytes))),
    }
}

#[cfg(test)]
mod tests;
