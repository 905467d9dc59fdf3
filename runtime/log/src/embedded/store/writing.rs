//! One transaction: everything a group commit changes, durable when it returns.

use redb::Durability;
use wasmill_job::{Offset, Progress, TopicPartition, wire};

use super::error::guarded;
use super::{CHUNKS, META, PARTITIONS, PROGRESS, Store, StoreError};
use crate::embedded::chunk::Chunk;
use crate::embedded::partitions::Extent;

/// What a transaction changes. All of it or nothing.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Changes {
    /// The number of this commit.
    pub(in crate::embedded) commit: u64,
    /// Chunks that are new, or replace the one under the same offset.
    pub(in crate::embedded) put: Vec<(TopicPartition, Chunk)>,
    /// Chunks that go away.
    pub(in crate::embedded) remove: Vec<(TopicPartition, Offset)>,
    pub(in crate::embedded) extents: Vec<(TopicPartition, Extent)>,
    pub(in crate::embedded) progress: Vec<(TopicPartition, Progress)>,
}

impl Store {
    /// Applies `changes` with one fsync. After an error the store must be dropped and opened again: only then is it
    /// known whether they are in it.
    pub(in crate::embedded) fn apply(&self, changes: &Changes) -> Result<(), StoreError> {
        guarded(|| {
            let mut transaction = self.db.begin_write()?;
            let durability = transaction.set_durability(Durability::Immediate);
            durability.map_err(|error| StoreError::Other(error.to_string()))?;
            {
                let mut chunks = transaction.open_table(CHUNKS)?;
                for (of, first) in &changes.remove {
                    chunks.remove((of.topic.as_str(), of.partition.0, first.0))?;
                }
                for (of, chunk) in &changes.put {
                    let key = (of.topic.as_str(), of.partition.0, chunk.head.first.0);
                    chunks.insert(key, &chunk.as_bytes()[..])?;
                }
            }
            if !changes.extents.is_empty() {
                let mut partitions = transaction.open_table(PARTITIONS)?;
                for (of, Extent { bounds, bytes }) in &changes.extents {
                    partitions.insert(
                        (of.topic.as_str(), of.partition.0),
                        (bounds.first.0, bounds.next.0, *bytes),
                    )?;
                }
            }
            if !changes.progress.is_empty() {
                let mut table = transaction.open_table(PROGRESS)?;
                for (of, progress) in &changes.progress {
                    let bytes = wire::encode_progress(progress, usize::MAX)
                        .map_err(|error| StoreError::Other(error.to_string()))?;
                    table.insert((of.topic.as_str(), of.partition.0), &bytes[..])?;
                }
            }
            transaction.open_table(META)?.insert("commits", changes.commit.to_be_bytes().as_slice())?;
            Ok(transaction.commit()?)
        })
    }
}
