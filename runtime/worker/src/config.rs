//! What an operator can turn about a worker.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

/// A worker's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerConfig {
    /// How many jobs run at once, each on a thread of its own. Default: one for each core.
    pub slots: NonZeroUsize,
    /// For how long a claim is held before it has to be renewed, which happens three times within it. When a worker
    /// dies, its jobs come back after at most this. Default 30 s; at least 1 s is sensible.
    pub lease: Duration,
    /// How long running jobs may take to end when the worker drains; then they are interrupted and released.
    /// Default 20 s.
    pub grace: Duration,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            slots: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            lease: Duration::from_secs(30),
            grace: Duration::from_secs(20),
        }
    }
}
