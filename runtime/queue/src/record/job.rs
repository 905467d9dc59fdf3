//! A pending job as it is stored: a compact head, then the payload's bytes as they came.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wasmill_job::{Job, JobId, JobType, Mode, Offset, Path, Priority, Revision, Stamp, UnixMs};

use super::{Damage, TypeNo};

/// All of a job but its payload.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredHead<'a> {
    pub(crate) id: [u8; 16],
    pub(crate) job_type: TypeNo,
    pub(crate) offset: Offset,
    pub(crate) accepted_at: UnixMs,
    revision: Revision,
    path: Path,
    mode: Mode,
    #[serde(borrow)]
    key: Option<&'a str>,
    #[serde(borrow)]
    trace: Option<&'a str>,
    pub(crate) redrives: u32,
    run_at: Option<UnixMs>,
    pub(crate) priority: Priority,
    /// The window in which a repeat is a duplicate, in milliseconds.
    pub(crate) window_ms: u32,
    /// A JSON object; empty when there are none.
    #[serde(borrow)]
    unknown: &'a str,
}

/// A head and its payload.
#[derive(Debug)]
pub(crate) struct StoredJob<'a> {
    pub(crate) head: StoredHead<'a>,
    pub(crate) payload: &'a [u8],
}

impl<'a> StoredJob<'a> {
    /// Appends a job's bytes.
    pub(crate) fn write(to: &mut Vec<u8>, job: &Job, job_type: TypeNo, offset: Offset, window_ms: u32) {
        let unknown = if job.unknown.is_empty() {
            String::new()
        } else {
            // A map with string keys and JSON values always has a JSON form.
            serde_json::to_string(&job.unknown).unwrap_or_default()
        };
        let head = StoredHead {
            id: job.id.to_bytes(),
            job_type,
            offset,
            accepted_at: job.accepted_at,
            revision: job.stamp.revision,
            path: job.stamp.path,
            mode: job.stamp.mode,
            key: job.idempotency_key.as_deref(),
            trace: job.traceparent.as_deref(),
            redrives: job.redrives,
            run_at: job.run_at,
            priority: job.priority,
            window_ms,
            unknown: &unknown,
        };
        super::row::append(to, &head);
        to.extend_from_slice(&job.payload);
    }

    /// Reads a job.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Damage> {
        let (head, payload) = postcard::take_from_bytes(bytes)?;
        Ok(Self { head, payload })
    }

    /// The job; `payload` holds this entry's payload.
    pub(crate) fn into_job(self, job_type: JobType, payload: Bytes) -> Result<Job, Damage> {
        let head = self.head;
        let unknown = match head.unknown {
            "" => serde_json::Map::new(),
            text => serde_json::from_str(text)
                .map_err(|error| Damage(format!("a job's unknown fields cannot be read: {error}")))?,
        };
        Ok(Job {
            id: JobId::from_bytes(head.id),
            job_type,
            payload,
            accepted_at: head.accepted_at,
            stamp: Stamp { revision: head.revision, path: head.path, mode: head.mode },
            priority: head.priority,
            idempotency_key: head.key.map(Into::into),
            traceparent: head.trace.map(Into::into),
            redrives: head.redrives,
            run_at: head.run_at,
            unknown,
        })
    }
}
