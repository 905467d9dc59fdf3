//! The chunks written or read last, in memory: a relay that reads right behind the writer, or in small bites, does
//! not touch the disk. First in, first out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use wasmill_job::{Offset, TopicPartition};

use super::chunk::Chunk;
use crate::Stored;

/// Recent chunks of partitions that are not compacted: their chunks never change.
#[derive(Debug, Default)]
pub(super) struct Recent {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    chunks: HashMap<TopicPartition, BTreeMap<Offset, Chunk>>,
    /// In the order they came.
    order: VecDeque<(TopicPartition, Offset)>,
    bytes: usize,
}

/// Some seconds of traffic at full speed, and small beside the process.
const BYTES_MAX: usize = 16 << 20;

impl Recent {
    pub(super) fn insert(&self, of: &TopicPartition, chunk: Chunk) {
        if of.topic.is_compacted() {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, bytes) = (chunk.head.first, chunk.as_bytes().len());
        if inner.chunks.entry(of.clone()).or_default().insert(first, chunk).is_some() {
            return;
        }
        inner.bytes += bytes;
        inner.order.push_back((of.clone(), first));
        while inner.bytes > BYTES_MAX {
            let Some((of, first)) = inner.order.pop_front() else { break };
            let gone = inner.chunks.get_mut(&of).and_then(|chunks| chunks.remove(&first));
            inner.bytes -= gone.map_or(0, |chunk| chunk.as_bytes().len());
        }
    }

    /// The records from `offset` on as far as they are here, at most about `bytes_max`; `None` when the first is not.
    pub(super) fn read(&self, of: &TopicPartition, offset: Offset, bytes_max: usize) -> Option<Vec<Stored>> {
        let mut bite = Bite::new(bytes_max);
        let mut next = offset;
        while let Some(chunk) = self.chunk(of, next) {
            bite.take(chunk.records_from(next));
            next = chunk.head.end;
            if bite.is_full() {
                break;
            }
        }
        (!bite.records.is_empty()).then_some(bite.records)
    }

    fn chunk(&self, of: &TopicPartition, offset: Offset) -> Option<Chunk> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, chunk) = inner.chunks.get(of)?.range(..=offset).next_back()?;
        (offset < chunk.head.end).then(|| chunk.clone())
    }
}

/// The answer to a read while it fills.
#[derive(Debug)]
pub(super) struct Bite {
    pub(super) records: Vec<Stored>,
    bytes: usize,
    bytes_max: usize,
}

impl Bite {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { records: Vec::new(), bytes: 0, bytes_max }
    }

    /// Takes records until there are enough; at least one.
    pub(super) fn take(&mut self, records: impl Iterator<Item = Stored>) {
        for record in records {
            let bytes = super::chunk::record_bytes(record.key.as_ref(), record.value.as_ref());
            if !self.records.is_empty() && self.bytes + bytes > self.bytes_max {
                self.bytes = self.bytes_max;
                return;
            }
            self.bytes += bytes;
            self.records.push(record);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        !self.records.is_empty() && self.bytes >= self.bytes_max
    }
}

#[cfg(test)]
mod tests;
