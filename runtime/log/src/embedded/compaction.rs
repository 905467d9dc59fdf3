//! Compacted topics keep the newest record of each key: which records of a chunk may go. Pure.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Offset, UnixMs};

use super::chunk::Chunk;

/// The newest offset of each key. Memory: a copy of each key and some 60 bytes.
#[derive(Debug, Default)]
pub(super) struct Newest {
    by_key: HashMap<Bytes, Offset>,
    last: Option<Offset>,
}

/// How long a tombstone is kept, so that whoever follows the topic sees it. A day, as Kafka does by default
/// (`delete.retention.ms`).
pub(super) const TOMBSTONE_KEPT: Duration = Duration::from_secs(24 * 3600);

impl Newest {
    /// Takes note of a chunk. Chunks come in order.
    pub(super) fn note(&mut self, chunk: &Chunk) {
        for record in chunk.records_from(chunk.head.first) {
            self.last = Some(record.offset);
            let Some(key) = record.key else { continue };
            // The copy lets the chunk's memory go.
            match self.by_key.get_mut(&key) {
                Some(newest) => *newest = record.offset,
                None => drop(self.by_key.insert(Bytes::copy_from_slice(&key), record.offset)),
            }
        }
    }

    /// The records of `chunk` that may go: those with a newer one of the same key; and tombstones that were kept
    /// long enough, which is right only once everything older is gone, so chunks are compacted in order. Records
    /// without a key stay, and the partition's last record does: who waits behind it must find what ended the wait.
    pub(super) fn gone(&self, chunk: &Chunk, now: UnixMs) -> HashSet<Offset> {
        let kept_enough = now.since(chunk.head.stored_at) >= TOMBSTONE_KEPT;
        chunk
            .records_from(chunk.head.first)
            .filter(|record| {
                let newest = record.key.as_ref().and_then(|key| self.by_key.get(key));
                let Some(newest) = newest else { return false };
                let old_tombstone = kept_enough && record.value.is_none();
                record.offset < *newest
                    || (old_tombstone && record.offset == *newest && Some(record.offset) != self.last)
            })
            .map(|record| record.offset)
            .collect()
    }
}

#[cfg(test)]
mod tests;
