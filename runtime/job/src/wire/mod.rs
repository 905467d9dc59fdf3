//! Wire format v1: what stands in the log. A record is one line of JSON, the envelope, then a line feed, then the
//! payload's bytes exactly as they came. So a payload may hold anything, nothing is escaped or parsed on the way,
//! and a record can still be read by eye.
//!
//! A reader of version N reads N+1: unknown fields are kept, and only what has no `v` or no known `kind` is refused.

mod dead;
mod progress;
mod record;

pub use dead::{decode_dead, encode_dead};
pub use progress::{decode_progress, encode_progress};
pub use record::{Record, decode, encode_cancel, encode_copy, encode_job};

/// The version this binary writes.
pub const VERSION: u32 = 1;

/// Why bytes from the log are no record.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    #[error("the record has no line feed after its envelope")]
    NoEnvelope,
    #[error("progress ends in the middle of its ranges")]
    Ranges,
    #[error("the record is a copy that does not say of what")]
    NoOrigin,
    #[error("the record's envelope is not valid: {0}")]
    Envelope(#[from] serde_json::Error),
    #[error("the record is of version {0}, and this binary reads versions 1 and 2: use a newer one")]
    Version(u32),
    #[error("the record is of kind `{0}`, which this binary does not know")]
    Kind(String),
}

#[cfg(test)]
mod tests;
