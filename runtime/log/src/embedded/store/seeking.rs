//! Seeking by time: chunks say when they were stored, so the one that is looked for is found by halving.

use redb::ReadableDatabase;
use wasmill_job::{Offset, TopicPartition, UnixMs};

use super::error::guarded;
use super::{CHUNKS, PARTITIONS, Store, StoreError};
use crate::embedded::chunk::ChunkHead;

impl Store {
    /// Where the first chunk begins that was stored at `at` or later; where the partition ends when there is none.
    /// Cost: O(log offsets) chunks, of which only the heads are looked at.
    pub(in crate::embedded) fn since(&self, of: &TopicPartition, at: UnixMs) -> Result<Offset, StoreError> {
        guarded(|| {
            let (topic, partition) = (of.topic.as_str(), of.partition.0);
            let transaction = self.db.begin_read()?;
            let extent =
                transaction.open_table(PARTITIONS)?.get((topic, partition))?.map(|extent| extent.value());
            let Some((first, next, _)) = extent else { return Ok(Offset(0)) };
            let chunks = transaction.open_table(CHUNKS)?;
            // Chunks before `from` are older, those from `to` on are not. No chunk lies across either.
            let (mut from, mut to) = (first, next);
            while from < to {
                let middle = from + (to - from) / 2;
                let chunk = chunks.range((topic, partition, from)..=(topic, partition, middle))?.next_back();
                let Some((key, value)) = chunk.transpose()? else {
                    // Compaction has taken what was there.
                    from = middle + 1;
                    continue;
                };
                let key = key.value().2;
                let head = ChunkHead::decode(value.value())
                    .map_err(|damage| StoreError::damaged(damage, topic, partition, key))?;
                if head.stored_at >= at {
                    to = key;
                } else {
                    // A damaged head must not send this round for ever.
                    from = head.end.0.max(middle + 1);
                }
            }
            Ok(Offset(to))
        })
    }
}
