//! A partition's progress as bytes: its floor and the settled ranges above it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Undecodable, VERSION};
use crate::{Offset, Progress};

#[derive(Serialize, Deserialize)]
struct ProgressEnvelope {
    v: u32,
    floor: Offset,
    /// Pairs of (first, one past the last).
    settled: Vec<(u64, u64)>,
}

/// Progress as bytes: one JSON object.
///
/// # Errors
/// Never in practice: numbers only.
pub fn encode_progress(progress: &Progress) -> Result<Bytes, Undecodable> {
    let settled = progress.settled.iter().map(|range| (range.start, range.end)).collect();
    Ok(serde_json::to_vec(&ProgressEnvelope { v: VERSION, floor: progress.floor, settled })?.into())
}

/// Reads progress.
///
/// # Errors
/// When the bytes are not progress of a version this binary reads.
pub fn decode_progress(bytes: &[u8]) -> Result<Progress, Undecodable> {
    let envelope: ProgressEnvelope = serde_json::from_slice(bytes)?;
    if !(1..=VERSION + 1).contains(&envelope.v) {
        return Err(Undecodable::Version(envelope.v));
    }
    let mut progress = Progress { floor: envelope.floor, ..Progress::default() };
    for (start, end) in envelope.settled {
        progress.settle(Offset(start)..Offset(end));
    }
    Ok(progress)
}
