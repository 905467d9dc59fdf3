//! Turns the requests of a group commit into the changes of one transaction. Decides; writes nothing.

use std::collections::{HashMap, HashSet};

use wasmill_job::{Offset, Position, Progress, TopicPartition, UnixMs};

use super::chunk::{Chunk, ChunkBuilder, ChunkHead, record_bytes};
use super::partitions::{Extent, Partitions};
use super::store::Changes;
use crate::Append;

/// The changes of a group commit while they are collected.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    partitions: &'a Partitions,
    now: UnixMs,
    touched: HashMap<TopicPartition, Touched>,
    changes: Changes,
    pub(super) dropped_bytes: u64,
}

/// A partition that this commit changes.
#[derive(Debug)]
struct Touched {
    extent: Extent,
    /// The chunk that takes the next record.
    open: Option<ChunkBuilder>,
}

impl<'a> Plan<'a> {
    /// A plan for commit number `commit`, whose records are stored at `now`.
    pub(super) fn new(partitions: &'a Partitions, commit: u64, now: UnixMs) -> Self {
        let changes = Changes { commit, ..Changes::default() };
        Self { partitions, now, touched: HashMap::new(), changes, dropped_bytes: 0 }
    }

    /// Gives the records their places.
    pub(super) fn append(&mut self, records: &[Append]) -> Vec<Position> {
        records.iter().map(|record| self.append_one(record)).collect()
    }

    fn append_one(&mut self, record: &Append) -> Position {
        let of = TopicPartition::new(record.topic.clone(), record.partition);
        let position_of = of.clone();
        let now = self.now;
        let Touched { extent, open } =
            self.touched.entry(of).or_insert_with_key(|of| Touched::of(self.partitions, of));
        let offset = extent.bounds.next;
        let bytes = record_bytes(record.key.as_ref(), record.value.as_ref());
        if let Some(full) = open.take_if(|chunk| !chunk.has_room(bytes)) {
            let chunk = full.finish();
            extent.bytes += chunk.head.footprint;
            self.changes.put.push((position_of.clone(), chunk));
        }
        open.get_or_insert_with(|| ChunkBuilder::new(offset, now)).push(
            offset,
            record.key.as_ref(),
            record.value.as_ref(),
        );
        extent.bounds.next = offset.next();
        Position { topic: position_of.topic, partition: position_of.partition, offset }
    }

    /// Notes progress, unless it is of an older epoch than what is known.
    pub(super) fn progress(&mut self, of: TopicPartition, progress: Progress) {
        let before = self.changes.progress.iter().rev().find(|(lane, _)| *lane == of);
        let known = || self.partitions.get(&of).map_or(0, |partition| partition.epoch());
        if progress.epoch >= before.map_or_else(known, |(_, before)| before.epoch) {
            self.changes.progress.push((of, progress));
        }
    }

    /// Drops the oldest chunks of a partition, up to its floor.
    pub(super) fn drop_oldest(&mut self, of: &TopicPartition, heads: &[ChunkHead]) {
        let Some(floor) = self.partitions.get(of).and_then(|partition| partition.floor()) else { return };
        let partitions = self.partitions;
        let touched = self.touched.entry(of.clone()).or_insert_with_key(|of| Touched::of(partitions, of));
        for head in heads.iter().take_while(|head| head.end <= floor) {
            self.changes.remove.push((of.clone(), head.first));
            touched.extent.bounds.first = touched.extent.bounds.first.max(head.end);
            touched.extent.bytes = touched.extent.bytes.saturating_sub(head.footprint);
            self.dropped_bytes += head.footprint;
        }
    }

    /// Leaves out of `chunk` the records at `gone`.
    pub(super) fn compact(&mut self, of: &TopicPartition, chunk: &Chunk, gone: &HashSet<Offset>) {
        let partitions = self.partitions;
        let touched = self.touched.entry(of.clone()).or_insert_with_key(|of| Touched::of(partitions, of));
        let before = chunk.head.footprint;
        let after = match chunk.retain(|record| !gone.contains(&record.offset)) {
            Some(left) => {
                let after = left.head.footprint;
                self.changes.put.push((of.clone(), left));
                after
            }
            None => {
                self.changes.remove.push((of.clone(), chunk.head.first));
                0
            }
        };
        touched.extent.bytes = touched.extent.bytes.saturating_sub(before - after);
        self.dropped_bytes += before - after;
    }

    /// The changes of the one transaction.
    pub(super) fn finish(mut self) -> Changes {
        for (of, mut touched) in self.touched {
            if let Some(open) = touched.open {
                let chunk = open.finish();
                touched.extent.bytes += chunk.head.footprint;
                self.changes.put.push((of.clone(), chunk));
            }
            self.changes.extents.push((of, touched.extent));
        }
        self.changes
    }
}

impl Touched {
    fn of(partitions: &Partitions, of: &TopicPartition) -> Self {
        let extent = partitions.get(of).map(|partition| partition.extent()).unwrap_or_default();
        Self { extent, open: None }
    }
}
