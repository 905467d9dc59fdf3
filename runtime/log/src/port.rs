//! The port of the log: what gateway and relay may ask of it, whichever engine stands behind.

use std::collections::BTreeSet;
use std::future::Future;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Durability, Offset, Position, Progress, Topic, TopicPartition, UnixMs};

/// The durable log: topics of partitions of records with growing offsets. Cheap to clone.
///
/// Guarantees, held by the conformance suite on every implementation: what [`Log::append`] has answered survives any
/// crash of the process; records of a partition are read in the order of their offsets, each once; offsets grow and
/// may have gaps; nothing damaged is skipped in silence.
pub trait Log: Clone + Send + Sync + 'static {
    /// Stores `records`: an answer for each, in order, once all are answered. A position is given only for a record that is
    /// as durable as it asked to be.
    fn append_each(
        &self,
        records: Vec<Append>,
    ) -> impl Future<Output = Vec<Result<Position, AppendError>>> + Send;

    /// Stores `records` and answers with their positions, in order, once all are durable.
    ///
    /// # Errors
    /// The first of them that was not stored for certain says why; others may have been.
    fn append(
        &self,
        records: Vec<Append>,
    ) -> impl Future<Output = Result<Vec<Position>, AppendError>> + Send {
        async move { self.append_each(records).await.into_iter().collect() }
    }

    /// The records from `from` on, in order: at most about `bytes_max`, at least one when there is one, none when
    /// the end is reached.
    fn read(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, ReadError>> + Send;

    /// Resolves when the partition may hold a record at or after `offset`; may wake too often, never too seldom.
    fn arrived(&self, at: &TopicPartition, offset: Offset) -> impl Future<Output = ()> + Send;

    /// Where the partition begins and ends.
    fn bounds(&self, of: &TopicPartition) -> impl Future<Output = Result<Bounds, ReadError>> + Send;

    /// From where on the partition holds what was stored at `at` or later: the offset of the first such record that can still be
    /// read, or of one gone right before it; where the partition ends when there is none. Moments are those of
    /// [`Stored::stored_at`]: where the clock behind them was set back, records may be earlier than the ones before them, and
    /// which of them counts is not promised. Cost: a question to the partition's leader, or O(log records) small reads.
    fn since(
        &self,
        of: &TopicPartition,
        at: UnixMs,
    ) -> impl Future<Output = Result<Offset, ReadError>> + Send;

    /// Every partition that holds or has held a record, or whose progress is known.
    fn partitions(&self) -> impl Future<Output = Result<Vec<TopicPartition>, ReadError>> + Send;

    /// The partitions of queues, parked jobs and dead letters that whoever holds this handle is to carry. Of an embedded log
    /// all; of a log that several relays share those that their group gave this one; the first call joins the group, and
    /// waits until it has.
    fn assigned(&self) -> impl Future<Output = Result<BTreeSet<TopicPartition>, ReadError>> + Send;

    /// Resolves when [`Log::assigned`] answers otherwise than `from`, or the log is closed.
    fn reassigned(&self, from: &BTreeSet<TopicPartition>) -> impl Future<Output = ()> + Send;

    /// Makes sure that the topic has at least so many partitions, if topics have to be made at all.
    fn ensure(
        &self,
        topic: &Topic,
        partitions: NonZeroU32,
    ) -> impl Future<Output = Result<(), AppendError>> + Send;

    /// After how long the topic's records are dropped although they are not settled; `None` when they never are.
    fn retention(&self, topic: &Topic) -> impl Future<Output = Result<Option<Duration>, ReadError>> + Send;

    /// Remembers how far the partition is settled; durable when it answers. What is settled may be dropped then. Progress of an
    /// older [`Progress::epoch`] than the newest is not shown to anybody: who commits it has read what is not true any more. When more
    /// is settled out of order than a record of the log holds, what is furthest on is not remembered.
    fn commit(
        &self,
        of: &TopicPartition,
        progress: Progress,
    ) -> impl Future<Output = Result<(), AppendError>> + Send;

    /// What was committed last, by whomever; nothing settled when nothing was.
    fn committed(&self, of: &TopicPartition) -> impl Future<Output = Result<Progress, ReadError>> + Send;

    /// Begins the partition's progress anew at `floor`, in the next epoch: what is committed later by somebody who has read the
    /// progress of before changes nothing.
    ///
    /// # Errors
    /// When the progress of before could not be read, or this one not be stored; it may be repeated.
    fn begin_anew(
        &self,
        of: &TopicPartition,
        floor: Offset,
    ) -> impl Future<Output = Result<(), AppendError>> + Send {
        async move {
            let before = self.committed(of).await?;
            self.commit(of, Progress { floor, epoch: before.epoch + 1, ..Progress::default() }).await
        }
    }
}

/// A record to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    pub topic: Topic,
    pub partition: wasmill_job::Partition,
    /// Compacted topics keep the newest record of each key.
    pub key: Option<Bytes>,
    /// `None` is a tombstone: in a compacted topic the key goes away.
    pub value: Option<Bytes>,
    /// What its position is a proof of, where the log knows a difference.
    pub durability: Durability,
}

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub offset: Offset,
    pub stored_at: UnixMs,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
}

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bounds {
    /// The first offset that can still be read.
    pub first: Offset,
    /// The offset the next record will have.
    pub next: Offset,
}

/// Why records were not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was stored; it will work again when there is room.
    #[error(
        "the disk under {path} is full ({free_bytes} bytes free): free some space, and storing goes on by itself"
    )]
    Full { path: String, free_bytes: u64 },
    /// Nothing was stored; it will work again in a moment.
    #[error("the log's buffer is full: more comes in than its brokers take; repeat in a moment")]
    Busy,
    /// Nothing was stored, and nothing will be until somebody helps.
    #[error("the log refuses the record: {reason}")]
    Refused { reason: String },
    /// A record is larger than the log can hold.
    #[error("a record of {bytes} bytes is too large; the log stores at most {bytes_max}")]
    TooLarge { bytes: usize, bytes_max: usize },
    /// It may or may not have been stored: repeat with the same idempotency key.
    #[error(
        "the log could not confirm that the record is stored ({reason}): repeat with the same idempotency key"
    )]
    Unknown { reason: String },
    /// The log is being closed.
    #[error("the log is shutting down: repeat on another gateway, or when this one is back")]
    Closed,
}

/// Why records could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Damage on the disk. Nothing is skipped: somebody has to decide.
    #[error(
        "the log file {path} is damaged ({detail}): restore it from a copy, or move it away to begin an empty log"
    )]
    Corrupt { path: String, detail: String },
    /// The offset was dropped by retention.
    #[error("{of} begins at offset {first}, and offset {asked} is gone")]
    Gone { of: TopicPartition, asked: Offset, first: Offset },
    /// It will not be readable until somebody helps.
    #[error("the log refuses to be read: {reason}")]
    Refused { reason: String },
    /// Trouble that may pass.
    #[error("the log cannot be read at the moment: {reason}")]
    Unavailable { reason: String },
    /// The log is being closed.
    #[error("the log is shutting down")]
    Closed,
}

impl Append {
    /// The size of the record, key and value together.
    pub(crate) fn bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// The same trouble, for somebody who wanted to write.
impl From<ReadError> for AppendError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Closed => Self::Closed,
            ReadError::Refused { reason } => Self::Refused { reason },
            error => Self::Unknown { reason: error.to_string() },
        }
    }
}

impl AppendError {
    /// The word for it in metrics.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Full { .. } => "full",
            Self::Busy => "busy",
            Self::Refused { .. } => "refused",
            Self::TooLarge { .. } => "too_large",
            Self::Unknown { .. } => "unknown",
            Self::Closed => "closed",
        }
    }
}
