//! A job as it travels: from the gateway through log and queue to the worker; what cancels it, and what is left of
//! it when it is dead.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Failure, JobId, JobType, Position, Revision, UnixMs};

/// What a caller may repeat is the caller's affair, and a type may let it run again at once. Children are published by the mill,
/// twice when whoever publishes them dies in the middle, and then nobody has asked for a second run.
pub const CHILD_WINDOW_MIN: Duration = Duration::from_secs(600);

/// One request to run. Cheap to clone: the payload is shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub job_type: JobType,
    /// The caller's bytes, never re-encoded.
    pub payload: Bytes,
    /// When the gateway accepted it.
    pub accepted_at: UnixMs,
    /// What the gateway read in the routing table when it accepted it.
    pub stamp: Stamp,
    /// Which jobs of its type it goes before.
    pub priority: Priority,
    /// The caller's key, for handlers that pass it on.
    pub idempotency_key: Option<String>,
    /// The caller's W3C trace context.
    pub traceparent: Option<String>,
    /// How many times an operator has sent it round again after its death.
    pub redrives: u32,
    /// Not before this moment; `None`: as soon as there is a place.
    pub run_at: Option<UnixMs>,
    /// Envelope fields of a newer version, kept so that they survive being appended again.
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// What the routing table said when the job was accepted. Relays obey it rather than their own catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub revision: Revision,
    pub path: Path,
    pub mode: Mode,
}

/// Where the gateway writes a type's jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// Into the log; a relay carries them to the queue.
    #[default]
    Log,
    /// Straight into the queue: there is no log behind it.
    Queue,
    /// Into both, to prove the log before jobs depend on it: the queue has the job from the gateway, and a relay only counts
    /// the record.
    Both,
}

/// What an acknowledgement of the log means for a queue's jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// All in-sync replicas have the record.
    #[default]
    Quorum,
    /// The partition's leader has it: the lowest latency, and available while replicas are missing; lost with the leader's
    /// machine if it had not passed it on.
    Leader,
}

/// What a record says of another that it takes the place of: a job that was parked, or appended again because its record
/// grew old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOf {
    /// Where the record stood that the copy was made of.
    pub origin: Position,
    /// The attempts the job had by then.
    pub attempts: Attempt,
    /// When it falls due, if it was scheduled.
    pub due_at: Option<UnixMs>,
}

/// Which jobs of one type go first. Between types it says nothing: there the order is weighted and fair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
    Urgent,
}

/// How far a job was switched on when it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Accepted and executed.
    #[default]
    Live,
    /// Accepted, stored and kept pending; nothing is taken.
    Paused,
    /// Accepted, stored, carried and counted like any other; completed without being executed.
    Shadow,
}

/// A caller's wish that a job should not run, as it stands in the log behind the job's record.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancel {
    pub id: JobId,
    pub job_type: JobType,
    pub at: UnixMs,
}

/// How many times a job has been tried. The first attempt is 1; 0 means not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub u32);

/// What is left of a job that will not be tried again, or of a record that never was one.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The job, whole, so that it can be redriven. `None` when the record could not be decoded.
    pub job: Option<Job>,
    /// The record's bytes when there is no job in them.
    pub raw: Option<Bytes>,
    pub failure: Failure,
    /// The attempts it had.
    pub attempts: Attempt,
    pub died_at: UnixMs,
    /// Where its record stood.
    pub origin: Position,
}

/// Before the redrives in a key. Neither ids nor the origins of records contain it.
const REDRIVES: char = '+';

impl Priority {
    /// Every priority, the one that goes first at the front.
    pub const FIRST_TO_LAST: [Self; 4] = [Self::Urgent, Self::High, Self::Normal, Self::Low];

    /// The name as callers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

impl Attempt {
    /// The attempt after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Job {
    /// Whether a record with this id may come twice, so that a done-mark must outlive the job: one with an idempotency key, a
    /// child, one that was sent round again.
    pub fn is_repeatable(&self) -> bool {
        self.id.kind() == crate::IdKind::Derived || self.redrives > 0
    }

    /// How long after its end a repeat of this job is a duplicate, when its type says `of_type`: of a child never shorter than
    /// [`CHILD_WINDOW_MIN`].
    pub fn dedup_window(&self, of_type: Duration) -> Duration {
        let is_child = self.id.kind() == crate::IdKind::Derived && self.idempotency_key.is_none();
        if is_child { of_type.max(CHILD_WINDOW_MIN) } else { of_type }
    }
}

impl DeadLetter {
    /// What it is called: the job's id, or the origin of a record that has none. A job has one letter at a time.
    pub fn key(&self) -> String {
        self.job.as_ref().map_or_else(|| self.origin.to_string(), |job| job.id.to_string())
    }

    /// Its key in the compacted dead-letter topic: [`DeadLetter::key`], and how often the job had been redriven, if it was. So
    /// the tombstone of one letter never takes away that of a later death of the same job.
    pub fn record_key(&self) -> String {
        let redrives = self.job.as_ref().map_or(0, |job| job.redrives);
        if redrives == 0 { self.key() } else { format!("{}{REDRIVES}{redrives}", self.key()) }
    }

    /// What [`DeadLetter::record_key`] was made of: the letter's key, and the redrives.
    pub fn split_record_key(record_key: &str) -> (&str, u32) {
        let split = record_key.rsplit_once(REDRIVES);
        let split = split.and_then(|(key, redrives)| Some((key, redrives.parse().ok()?)));
        split.unwrap_or((record_key, 0))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
