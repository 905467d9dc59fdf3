//! Records of the dead-letter topic: why the job died, where it stood, its own envelope, then its payload.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::record::{JobEnvelope, check_head, frame, split};
use super::{Undecodable, VERSION};
use crate::{Attempt, DeadLetter, Failure, Position, UnixMs};

#[derive(Serialize, Deserialize)]
struct DeadEnvelope {
    v: u32,
    kind: String,
    /// Died at, in milliseconds since 1970.
    at: UnixMs,
    attempts: Attempt,
    failure: Failure,
    origin: Position,
    /// Absent when the record could not be decoded; what follows the line feed is then that record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<JobEnvelope>,
}

/// A dead letter as a record.
///
/// # Errors
/// Never in practice: the envelope has no field that JSON cannot hold.
pub fn encode_dead(letter: &DeadLetter) -> Result<Bytes, Undecodable> {
    let payload = letter.job.as_ref().map(|job| &job.payload).or(letter.raw.as_ref()).cloned();
    let envelope = DeadEnvelope {
        v: VERSION,
        kind: "dead".into(),
        at: letter.died_at,
        attempts: letter.attempts,
        failure: letter.failure.clone(),
        origin: letter.origin.clone(),
        job: letter.job.as_ref().map(JobEnvelope::of),
    };
    frame(&envelope, &payload.unwrap_or_default())
}

/// Reads a record of the dead-letter topic.
///
/// # Errors
/// When the bytes are not a dead letter of a version this binary reads.
pub fn decode_dead(bytes: &Bytes) -> Result<DeadLetter, Undecodable> {
    let (envelope, payload) = split(bytes)?;
    let kind = check_head(envelope)?;
    if kind != "dead" {
        return Err(Undecodable::Kind(kind));
    }
    let envelope: DeadEnvelope = serde_json::from_slice(envelope)?;
    let (job, raw) = match envelope.job {
        Some(job) => (Some(job.into_job(payload)), None),
        None => (None, Some(payload)),
    };
    Ok(DeadLetter {
        job,
        raw,
        failure: envelope.failure,
        attempts: envelope.attempts,
        died_at: envelope.at,
        origin: envelope.origin,
    })
}
