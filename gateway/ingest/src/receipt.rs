//! Receipts: where a job's record stands in the log, in a form that callers keep and hand back.

use std::fmt;
use std::str::FromStr;

use wasmill_job::{Offset, Partition, Position, Topic};

/// What a caller gets for a stored job: `<topic>/<partition>/<offset>`, such as `wasmill.q.default.1/3/1234`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub Position);

/// Why a text is not a receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a receipt; receipts look like wasmill.q.default.1/3/1234")]
pub struct InvalidReceipt(String);

impl FromStr for Receipt {
    type Err = InvalidReceipt;

    fn from_str(text: &str) -> Result<Self, InvalidReceipt> {
        let position = || {
            let mut parts = text.rsplitn(3, '/');
            let offset = Offset(parts.next()?.parse().ok()?);
            let partition = Partition(parts.next()?.parse().ok()?);
            let topic = parts.next().filter(|topic| topic.starts_with("wasmill."))?;
            Some(Position { topic: Topic::from(topic), partition, offset })
        };
        position().map(Self).ok_or_else(|| InvalidReceipt(text.chars().take(200).collect()))
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
