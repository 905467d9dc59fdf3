//! What a worker tells of itself, for whoever looks: what it runs, how long jobs wait and run, what ended lately. No job depends on
//! it; it is forgotten when a worker stops telling it. What crosses to Redis has a version in its first byte.

mod histogram;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmill_job::{Attempt, JobId, JobType, ModuleTag, Revision, UnixMs};

use crate::WorkerId;

pub use histogram::Histogram;

/// A worker, as it was when it told this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReport {
    pub worker: WorkerId,
    /// The name of its machine.
    pub host: String,
    pub pid: u32,
    /// The version of its program.
    pub version: String,
    pub started_at: UnixMs,
    /// By the worker's clock.
    pub told_at: UnixMs,
    /// The routing table that it obeys.
    pub revision: Revision,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// Claims it holds: running, about to run, and not yet settled.
    pub held: u32,
    /// It is stopping, and takes nothing more.
    pub is_draining: bool,
    /// What runs now, the longest first, at most [`RUNNING_MAX`].
    pub running: Vec<Running>,
    /// What runs besides those.
    pub running_more: u32,
    /// How long jobs waited and ran, by type; those that ran within [`LATENCIES_KEPT`].
    pub latencies: BTreeMap<JobType, Latencies>,
    /// Attempts that ended lately, the oldest first, at most [`ENDED_MAX`]. Their numbers are consecutive.
    pub ended: Vec<Ended>,
}

/// An attempt that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub id: JobId,
    pub job_type: JobType,
    pub module: ModuleTag,
    pub attempt: Attempt,
    pub since: UnixMs,
}

/// How long jobs of a type took on a worker since it started: to be compared with an earlier report of the same worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    /// From when a job was accepted, or fell due by its caller's wish, to the start of its first attempt, in microseconds.
    pub wait_us: Histogram,
    /// Attempts, from start to end, in microseconds.
    pub run_us: Histogram,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The worker's attempts, counted from 1. Whoever saw an earlier report knows by it what is new, and what it missed.
    pub number: u64,
    pub at: UnixMs,
    pub id: JobId,
    pub job_type: JobType,
    pub attempt: Attempt,
    /// `None` when the job was completed without being executed, or was lost before it ran.
    pub module: Option<ModuleTag>,
    /// How it ended, in the words of the metric `wasmill_worker_runs_total`.
    pub result: String,
    pub run_us: u64,
}

/// How long after its last run a type is told of in [`WorkerReport::latencies`].
pub const LATENCIES_KEPT: Duration = Duration::from_secs(60);
/// How many running attempts a report names: more are counted only.
pub const RUNNING_MAX: usize = 256;
/// How many ended attempts a report names: a report a second tells all of up to so many attempts a second.
pub const ENDED_MAX: usize = 256;

/// The form of the bytes: this byte, then postcard.
const VERSION: u8 = 1;

impl WorkerReport {
    /// The report as it lies in Redis.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Serialising into a vector cannot fail: the types have no maps with odd keys and no unknown lengths.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// `None` of what another version of the program wrote: a report is worth no error.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION).then(|| postcard::from_bytes(rest).ok()).flatten()
    }
}

#[cfg(test)]
mod tests;
