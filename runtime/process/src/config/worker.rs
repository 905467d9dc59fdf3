//! `[worker]`: how many jobs run at once and how long a claim is held.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::thread::available_parallelism;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Refusal, text};

/// A worker's slots and times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerConfig {
    /// The address where a worker of its own answers `/healthz`, `/readyz` and `/metrics`; beside a gateway in the same
    /// process that does. Default `127.0.0.1:8421`.
    pub listen: SocketAddr,
    /// Jobs that run at once. Default: one for each processor.
    #[serde(with = "text::count")]
    pub slots: NonZeroU32,
    /// How long a claim is held before it has to be renewed. When a worker dies, its jobs come back after at most
    /// this. Default 30 s.
    #[serde(with = "text::span")]
    pub lease: Duration,
    /// How long running jobs may take to end when the process was asked to stop; then they are interrupted and
    /// released. Default 20 s.
    #[serde(with = "text::span")]
    pub grace: Duration,
}

impl WorkerConfig {
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refuse = |key, message: &str| Refusal { section: "worker", key, message: message.into() };
        let mut refusals = Vec::new();
        // Each slot reserves address space; the processor's is used up by a few thousand.
        if self.slots.get() > 1024 {
            refusals.push(refuse("slots", "must lie between 1 and 1024"));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&self.lease) {
            refusals.push(refuse("lease", "must lie between 1s and 1h"));
        }
        if self.grace > Duration::from_secs(3600) {
            refusals.push(refuse("grace", "must be at most 1h"));
        }
        refusals
    }
}

impl Default for WorkerConfig {
    fn default() -> Self {
        let processors = available_parallelism().ok().and_then(|count| NonZeroU32::try_from(count).ok());
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8421)),
            slots: processors.unwrap_or(NonZeroU32::MIN),
            lease: Duration::from_secs(30),
            grace: Duration::from_secs(20),
        }
    }
}
