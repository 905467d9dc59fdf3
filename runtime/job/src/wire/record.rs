//! Records of a queue's topic, and of a topic of parked jobs: jobs, copies of jobs, cancellations.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Undecodable, VERSION};
use crate::{
    Attempt, Cancel, CopyOf, Job, JobId, JobType, Mode, Path, Position, Priority, Revision, Stamp, UnixMs,
};

/// What a record of a queue's topic says.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Job(Job),
    /// A job that takes the place of an older record of its own.
    Copy {
        job: Job,
        of: CopyOf,
    },
    Cancel(Cancel),
}

/// The envelope of a job. Also stands inside a dead letter.
#[derive(Serialize, Deserialize)]
pub(super) struct JobEnvelope {
    v: u32,
    kind: Kind,
    id: JobId,
    #[serde(rename = "type")]
    job_type: JobType,
    /// Accepted at, in milliseconds since 1970.
    at: UnixMs,
    /// The catalog revision of the stamp.
    rev: Revision,
    #[serde(default)]
    path: Path,
    #[serde(default)]
    mode: Mode,
    #[serde(default, rename = "prio", skip_serializing_if = "is_normal")]
    priority: Priority,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    redrives: u32,
    /// Not before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_at: Option<UnixMs>,
    /// Of a copy only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy: Option<CopyEnvelope>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// What a copy says of the record whose place it takes.
#[derive(Serialize, Deserialize)]
struct CopyEnvelope {
    of: Position,
    #[serde(default)]
    attempts: Attempt,
    /// In milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<UnixMs>,
}

#[derive(Serialize, Deserialize)]
struct CancelEnvelope {
    v: u32,
    kind: Kind,
    id: JobId,
    #[serde(rename = "type")]
    job_type: JobType,
    at: UnixMs,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Job,
    Copy,
    Cancel,
}

/// What every version has: read first, so that a refusal can say why.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    v: u32,
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
}

/// A job as a record.
///
/// # Errors
/// Never, for a job whose unknown fields came from [`decode`].
pub fn encode_job(job: &Job) -> Result<Bytes, Undecodable> {
    frame(&JobEnvelope::of(job), &job.payload)
}

/// A job as a record that takes the place of an older one.
///
/// # Errors
/// Never, for a job whose unknown fields came from [`decode`].
pub fn encode_copy(job: &Job, of: &CopyOf) -> Result<Bytes, Undecodable> {
    let CopyOf { origin, attempts, due_at } = of.clone();
    let copy = Some(CopyEnvelope { of: origin, attempts, due: due_at });
    frame(&JobEnvelope { kind: Kind::Copy, copy, ..JobEnvelope::of(job) }, &job.payload)
}

/// A cancellation as a record.
///
/// # Errors
/// Never in practice: the envelope has no field that JSON cannot hold.
pub fn encode_cancel(cancel: &Cancel) -> Result<Bytes, Undecodable> {
    let Cancel { id, job_type, at } = cancel.clone();
    frame(&CancelEnvelope { v: VERSION, kind: Kind::Cancel, id, job_type, at }, &[])
}

/// Reads a record of a queue's topic. The payload shares the record's memory.
///
/// # Errors
/// When the bytes are not a record of a version this binary reads.
pub fn decode(bytes: &Bytes) -> Result<Record, Undecodable> {
    let (envelope, payload) = split(bytes)?;
    // Nearly every record is a job's, and read at once. What is not is asked what it is, so that a refusal says why.
    match serde_json::from_slice::<JobEnvelope>(envelope) {
        Ok(found) if found.is_readable_job() => return found.into_record(payload),
        _ => {}
    }
    match check_head(envelope)?.as_str() {
        "job" | "copy" => serde_json::from_slice::<JobEnvelope>(envelope)?.into_record(payload),
        "cancel" => {
            let CancelEnvelope { id, job_type, at, .. } = serde_json::from_slice(envelope)?;
            Ok(Record::Cancel(Cancel { id, job_type, at }))
        }
        other => Err(Undecodable::Kind(other.into())),
    }
}

pub(super) fn frame(envelope: &impl Serialize, payload: &[u8]) -> Result<Bytes, Undecodable> {
    let mut bytes = BytesMut::with_capacity(192 + payload.len()).writer();
    serde_json::to_writer(&mut bytes, envelope)?;
    let mut bytes = bytes.into_inner();
    bytes.put_u8(b'\n');
    bytes.put_slice(payload);
    Ok(bytes.freeze())
}

pub(super) fn split(bytes: &Bytes) -> Result<(&[u8], Bytes), Undecodable> {
    // serde_json never writes a raw line feed, so the first one ends the envelope.
    let end = bytes.iter().position(|&byte| byte == b'\n').ok_or(Undecodable::NoEnvelope)?;
    Ok((&bytes[..end], bytes.slice(end + 1..)))
}

/// Returns the kind.
pub(super) fn check_head(envelope: &[u8]) -> Result<String, Undecodable> {
    let head: Head<'_> = serde_json::from_slice(envelope)?;
    if !is_readable(head.v) {
        return Err(Undecodable::Version(head.v));
    }
    Ok(head.kind.into_owned())
}

fn is_readable(version: u32) -> bool {
    (1..=VERSION + 1).contains(&version)
}

impl JobEnvelope {
    pub(super) fn of(job: &Job) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Job,
            id: job.id,
            job_type: job.job_type.clone(),
            at: job.accepted_at,
            rev: job.stamp.revision,
            path: job.stamp.path,
            mode: job.stamp.mode,
            priority: job.priority,
            key: job.idempotency_key.clone(),
            trace: job.traceparent.clone(),
            redrives: job.redrives,
            run_at: job.run_at,
            copy: None,
            unknown: job.unknown.clone(),
        }
    }

    /// Whether it is of a job itself, and of a version this binary reads.
    fn is_readable_job(&self) -> bool {
        self.kind == Kind::Job && is_readable(self.v)
    }

    fn into_record(mut self, payload: Bytes) -> Result<Record, Undecodable> {
        if self.kind != Kind::Copy {
            return Ok(Record::Job(self.into_job(payload)));
        }
        let CopyEnvelope { of, attempts, due } = self.copy.take().ok_or(Undecodable::NoOrigin)?;
        Ok(Record::Copy { job: self.into_job(payload), of: CopyOf { origin: of, attempts, due_at: due } })
    }

    pub(super) fn into_job(self, payload: Bytes) -> Job {
        Job {
            id: self.id,
            job_type: self.job_type,
            payload,
            accepted_at: self.at,
            stamp: Stamp { revision: self.rev, path: self.path, mode: self.mode },
            priority: self.priority,
            idempotency_key: self.key,
            traceparent: self.trace,
            redrives: self.redrives,
            run_at: self.run_at,
            unknown: self.unknown,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this shape")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this shape")]
fn is_normal(priority: &Priority) -> bool {
    *priority == Priority::Normal
}
