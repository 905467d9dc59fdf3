//! The answer of `GET /v1/workers`.

use serde::Deserialize;

/// The workers that have told of themselves lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct WorkerList {
    pub(crate) workers: Vec<WorkerRow>,
}

/// A worker. Moments are milliseconds since 1970, by the worker's clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct WorkerRow {
    /// Sixteen hexadecimal digits, anew for each process.
    pub(crate) worker: String,
    pub(crate) host: String,
    pub(crate) pid: u64,
    pub(crate) version: String,
    pub(crate) started_at_ms: u64,
    pub(crate) told_at_ms: u64,
    /// The revision of the routing table that it follows.
    pub(crate) revision: u64,
    pub(crate) slots: u64,
    /// Jobs that it holds: those that run, and those that wait for a slot.
    pub(crate) held: u64,
    pub(crate) draining: bool,
    #[serde(default)]
    pub(crate) running: Vec<Run>,
    /// Runs that are not named.
    #[serde(default)]
    pub(crate) running_more: u64,
}

/// An attempt that runs now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) job_type: String,
    pub(crate) module: Option<String>,
    pub(crate) attempt: u32,
    pub(crate) since_ms: u64,
}

impl WorkerList {
    /// What runs now, the longest first, and on which worker.
    pub(crate) fn longest_first(&self) -> Vec<(&WorkerRow, &Run)> {
        let mut runs: Vec<_> =
            self.workers.iter().flat_map(|of| of.running.iter().map(move |run| (of, run))).collect();
        runs.sort_by(|(_, a), (_, b)| (a.since_ms, &a.id).cmp(&(b.since_ms, &b.id)));
        runs
    }

    /// Runs that no worker names.
    pub(crate) fn running_more(&self) -> u64 {
        self.workers.iter().map(|of| of.running_more).sum()
    }
}

impl WorkerRow {
    /// How many attempts it runs now.
    pub(crate) fn runs(&self) -> u64 {
        self.running.len() as u64 + self.running_more
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.draining { "draining" } else { "works" }
    }
}
