//! Where a record stands in the log: topic, partition, offset, generation; the revision of the catalog; and a
//! partition's progress: its floor and what is settled above it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rangemap::RangeSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{JobType, QueueName, ServerSet};

/// A log topic's name. Queues, dead letters and progress each have theirs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Topic(Arc<str>);

/// One ordered sequence of records inside a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub u32);

/// A record's place in its partition. Grows; may have gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub u64);

/// Names a queue's layout: partitions and Redis never change inside one. Fits the 12 bits it has in a job id, and says which
/// set of Redis servers it lies in ([`Generation::server_set`]); which one is older, it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u16);

/// The number of a catalog revision. 0 means "none yet".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TopicPartition {
    pub topic: Topic,
    pub partition: Partition,
}

/// A record's full address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub topic: Topic,
    pub partition: Partition,
    pub offset: Offset,
}

/// Identifies the record that stands at an offset, so that a topic that was made anew, or lost its end, is noticed: the
/// first eight bytes of the SHA-256 of its value, of no bytes when it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordHash(pub u64);

/// A record that was passed: where it stood in its partition, and what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Passed {
    pub offset: Offset,
    pub hash: RecordHash,
}

/// How far a partition is settled: everything below `floor`, and the ranges in `settled` above it.
/// A replay after the loss of the queue begins at the floor and leaves the ranges out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    pub floor: Offset,
    pub settled: RangeSet<u64>,
    /// How often somebody has begun the partition's progress anew, because its offsets mean other records than they did. The
    /// log knows it; whoever commits says with which he has read. A queue does not keep it, and tells 0.
    pub epoch: u64,
    /// A record that the queue has passed, lately: when it is lost, a topic that was made anew is known by it all the same. The log
    /// knows it, like the epoch.
    pub passed: Option<Passed>,
}

impl Topic {
    /// The topic of one generation of a queue.
    pub fn queue(name: &QueueName, generation: Generation) -> Self {
        Self(format!("{QUEUE}{name}.{}", generation.0).into())
    }

    /// The compacted topic of dead letters, keyed by job id.
    pub fn dead() -> Self {
        Self("wasmill.dead".into())
    }

    /// The topic of a type's parked jobs, where they are of the main set of Redis servers.
    pub fn parked(job_type: &JobType) -> Self {
        Self::parked_in(job_type, ServerSet::MAIN)
    }

    /// The topic of a type's parked jobs of one set of Redis servers: a copy lies with the job that it is of.
    pub fn parked_in(job_type: &JobType, set: ServerSet) -> Self {
        match set {
            ServerSet::MAIN => Self(format!("{PARKED}.{job_type}").into()),
            // No type has such a place in its name that this could be another's topic.
            ServerSet(number) => Self(format!("{PARKED}-{number}.{job_type}").into()),
        }
    }

    /// The compacted topic of how far partitions are settled, keyed by partition.
    pub fn settled() -> Self {
        Self("wasmill.settled".into())
    }

    /// The name as the log knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a generation of a queue, so that jobs and cancellations stand in it.
    pub fn is_queue(&self) -> bool {
        self.0.starts_with(QUEUE)
    }

    /// The type whose parked jobs stand in it, if it is such a topic.
    pub fn parked_type(&self) -> Option<JobType> {
        self.parked_of().map(|(job_type, _)| job_type)
    }

    /// The set of Redis servers that what stands in it goes to; `main` for a topic of no queue and no parked jobs.
    pub fn server_set(&self) -> ServerSet {
        let of_queue = || self.0.strip_prefix(QUEUE)?.rsplit_once('.')?.1.parse().ok();
        let of_parked = || self.parked_of().map(|(_, set)| set);
        of_queue().map(|number| Generation(number).server_set()).or_else(of_parked).unwrap_or_default()
    }

    fn parked_of(&self) -> Option<(JobType, ServerSet)> {
        let (set, job_type) = self.0.strip_prefix(PARKED)?.split_once('.')?;
        let set = match set.strip_prefix('-') {
            Some(number) => ServerSet(number.parse().ok().filter(|number| *number != 0)?),
            None => Some(ServerSet::MAIN).filter(|_| set.is_empty())?,
        };
        Some((job_type.parse().ok()?, set))
    }

    /// Whether only the newest record of each key is kept in it.
    pub fn is_compacted(&self) -> bool {
        matches!(&*self.0, "wasmill.dead" | "wasmill.settled")
    }
}

/// What the topics of queues begin with, and those of parked jobs.
const QUEUE: &str = "wasmill.q.";
const PARKED: &str = "wasmill.parked";

impl RecordHash {
    /// The hash of a record with this value.
    pub fn of(value: Option<&[u8]>) -> Self {
        let full: [u8; 32] = Sha256::digest(value.unwrap_or_default()).into();
        let [a, b, c, d, e, f, g, h, ..] = full;
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl From<&str> for Topic {
    /// A topic by the name that a log returned; no name is refused here.
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl TopicPartition {
    pub fn new(topic: Topic, partition: Partition) -> Self {
        Self { topic, partition }
    }

    /// The address of `offset` in this partition.
    pub fn at(&self, offset: Offset) -> Position {
        Position { topic: self.topic.clone(), partition: self.partition, offset }
    }
}

impl Position {
    /// The partition this position lies in.
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition { topic: self.topic.clone(), partition: self.partition }
    }
}

impl Offset {
    /// The offset after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Progress {
    /// Whether nothing is owed for `offset` any more.
    pub fn is_settled(&self, offset: Offset) -> bool {
        offset < self.floor || self.settled.contains(&offset.0)
    }

    /// Marks a range settled and lets the floor rise over what has become contiguous. Cost: O(log ranges).
    pub fn settle(&mut self, range: Range<Offset>) {
        let start = range.start.0.max(self.floor.0);
        if start >= range.end.0 {
            return;
        }
        self.settled.insert(start..range.end.0);
        while let Some(first) = self.settled.first().filter(|first| first.start <= self.floor.0).cloned() {
            self.floor = Offset(first.end.max(self.floor.0));
            self.settled.remove(first);
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

macro_rules! display_number {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

display_number!(Partition, Offset, Generation, Revision);

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

#[cfg(test)]
mod tests;
