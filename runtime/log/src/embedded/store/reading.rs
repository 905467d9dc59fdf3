//! Reads: what the log holds when it is opened, records for readers, chunk heads for retention.

use std::collections::HashMap;

use bytes::Bytes;
use redb::{ReadableDatabase, ReadableTable};
use wasmill_job::{Offset, Partition, Progress, Topic, TopicPartition, wire};

use super::error::guarded;
use super::file::field;
use super::{CHUNKS, META, PARTITIONS, PROGRESS, Store, StoreError};
use crate::Bounds;
use crate::embedded::chunk::{Chunk, ChunkHead};
use crate::embedded::partitions::Extent;

/// Everything but the records.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Loaded {
    /// The number of the last commit.
    pub(in crate::embedded) commits: u64,
    pub(in crate::embedded) partitions: HashMap<TopicPartition, (Option<Extent>, Option<Progress>)>,
}

impl Store {
    /// What the log holds. Cost: one pass over the partitions.
    pub(in crate::embedded) fn load(&self) -> Result<Loaded, StoreError> {
        guarded(|| {
            let transaction = self.db.begin_read()?;
            let commits = u64::from_be_bytes(field(&transaction.open_table(META)?, "commits")?);
            let mut loaded = Loaded { commits, ..Loaded::default() };
            for entry in transaction.open_table(PARTITIONS)?.iter()? {
                let (key, value) = entry?;
                let (first, next, bytes) = value.value();
                let bounds = Bounds { first: Offset(first), next: Offset(next) };
                loaded.partitions.entry(name(key.value())).or_default().0 = Some(Extent { bounds, bytes });
            }
            for entry in transaction.open_table(PROGRESS)?.iter()? {
                let (key, value) = entry?;
                let of = name(key.value());
                let progress = wire::decode_progress(&value.value().to_vec().into())
                    .map_err(|error| StoreError::Damaged(format!("progress of {of}: {error}")))?;
                loaded.partitions.entry(of).or_default().1 = Some(progress);
            }
            Ok(loaded)
        })
    }

    /// The chunks from the one that holds `offset` on, verified, until `enough` says so. In a partition that is not
    /// compacted a missing chunk is damage.
    pub(in crate::embedded) fn chunks_from(
        &self,
        of: &TopicPartition,
        offset: Offset,
        mut enough: impl FnMut(Chunk) -> bool,
    ) -> Result<(), StoreError> {
        guarded(|| {
            let (topic, partition) = (of.topic.as_str(), of.partition.0);
            let transaction = self.db.begin_read()?;
            let extent =
                transaction.open_table(PARTITIONS)?.get((topic, partition))?.map(|extent| extent.value());
            let Some((first, next, _)) = extent else { return Ok(()) };
            if offset.0 < first {
                return Err(StoreError::Gone { first: Offset(first) });
            }
            let chunks = transaction.open_table(CHUNKS)?;
            let before = chunks.range((topic, partition, 0)..=(topic, partition, offset.0))?.next_back();
            let start = before.transpose()?.map_or(offset.0, |(key, _)| key.value().2);
            let mut expected = offset.0;
            for entry in chunks.range((topic, partition, start)..=(topic, partition, u64::MAX))? {
                let (key, value) = entry?;
                let first = key.value().2;
                let chunk = Chunk::decode(Bytes::copy_from_slice(value.value()), Offset(first))
                    .map_err(|damage| StoreError::damaged(damage, topic, partition, first))?;
                if !of.topic.is_compacted() && !(chunk.head.first.0..chunk.head.end.0).contains(&expected) {
                    return Err(missing(of, expected));
                }
                expected = chunk.head.end.0;
                if enough(chunk) {
                    return Ok(());
                }
            }
            if !of.topic.is_compacted() && expected < next {
                return Err(missing(of, expected));
            }
            Ok(())
        })
    }

    /// The chunk under `first`, verified; `None` when there is none.
    pub(in crate::embedded) fn chunk(
        &self,
        of: &TopicPartition,
        first: Offset,
    ) -> Result<Option<Chunk>, StoreError> {
        guarded(|| {
            let (topic, partition) = (of.topic.as_str(), of.partition.0);
            let stored = self.db.begin_read()?.open_table(CHUNKS)?.get((topic, partition, first.0))?;
            let chunk = stored.map(|value| Chunk::decode(Bytes::copy_from_slice(value.value()), first));
            chunk.transpose().map_err(|damage| StoreError::damaged(damage, topic, partition, first.0))
        })
    }

    /// The heads of the oldest chunks, not verified, as long as they take less than `bytes_max` together; at least
    /// one when there is one.
    pub(in crate::embedded) fn oldest(
        &self,
        of: &TopicPartition,
        bytes_max: u64,
    ) -> Result<Vec<ChunkHead>, StoreError> {
        guarded(|| {
            let (topic, partition) = (of.topic.as_str(), of.partition.0);
            let chunks = self.db.begin_read()?.open_table(CHUNKS)?;
            let (mut heads, mut bytes) = (Vec::new(), 0);
            for entry in chunks.range((topic, partition, 0)..=(topic, partition, u64::MAX))? {
                let (key, value) = entry?;
                let head = ChunkHead::decode(value.value())
                    .map_err(|damage| StoreError::damaged(damage, topic, partition, key.value().2))?;
                bytes += head.footprint;
                heads.push(head);
                if bytes >= bytes_max {
                    break;
                }
            }
            Ok(heads)
        })
    }
}

fn name((topic, partition): (&str, u32)) -> TopicPartition {
    TopicPartition::new(Topic::from(topic), Partition(partition))
}

fn missing(of: &TopicPartition, offset: u64) -> StoreError {
    StoreError::Damaged(format!("the records of {of} from offset {offset} on are missing"))
}
