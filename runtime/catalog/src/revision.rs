//! The catalog in memory: what one revision says about queues and job types. Immutable; shared by `Arc`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use wasmill_job::{
    Grants, JobType, Limits, Path, QueueName, Rate, RetryPolicy, Revision, TopicPartition, UnixMs,
};

use crate::{Handlers, QueueSpec, RouteMode};

/// One revision of the routing table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// 0 while nothing has been applied yet.
    pub revision: Revision,
    pub created_at: UnixMs,
    /// Why it was made, in the words of whoever made it.
    pub message: String,
    /// Who made it: the name of a token, where it was known.
    pub author: Option<String>,
    pub queues: BTreeMap<QueueName, QueueSpec>,
    pub types: BTreeMap<JobType, TypeSpec>,
    /// Queues that were deleted, as they were last: their topics may still be there, so a queue that takes such a name with
    /// another layout begins at the next generation, and what is left in the last one drains.
    pub retired: BTreeMap<QueueName, QueueSpec>,
}

/// A job type's entry: its route.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeSpec {
    pub owner: Option<String>,
    pub queue: QueueName,
    pub path: Path,
    pub mode: RouteMode,
    pub handlers: Handlers,
    pub limits: Limits,
    pub retry: RetryPolicy,
    pub flow: Flow,
    /// What its handlers may reach. Default: nothing.
    pub grants: Grants,
    /// How long output, logs and state of a finished job are kept. Default 1 h.
    pub keep_result: Duration,
    /// How long a repeat of a finished job's idempotency key is dropped. Default 10 min.
    pub dedup_window: Duration,
}

/// How fast a type's jobs may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Jobs in flight at once, over all workers. Default: no limit.
    pub concurrency: Option<u32>,
    /// Jobs that may start in a time, over all workers. Default: no limit.
    pub rate: Option<Rate>,
    /// Its share beside other types that are ready: 1 to 1,000. Default 1.
    pub weight: NonZeroU32,
    /// Jobs pending and scheduled at once; above it no more are taken in, or they are parked in the log where there is one.
    /// Default: no limit.
    pub max_pending: Option<u64>,
}

impl Default for Flow {
    /// No limits, weight 1.
    fn default() -> Self {
        Self { concurrency: None, rate: None, weight: NonZeroU32::MIN, max_pending: None }
    }
}

impl Catalog {
    /// The topic partitions of every queue of this revision, those that drain included.
    pub fn lanes(&self) -> Vec<TopicPartition> {
        let lanes_of = |(name, queue): (&QueueName, &QueueSpec)| {
            let lanes = queue.generations().flat_map(|generation| generation.lanes(name));
            lanes.collect::<Vec<_>>()
        };
        self.queues.iter().flat_map(lanes_of).collect()
    }
}
