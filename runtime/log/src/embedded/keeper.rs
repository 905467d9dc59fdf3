//! The keeper: a thread that looks every so often for what may go (retention, compaction), decides in small steps,
//! and lets the writer do them between group commits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use tokio::sync::oneshot;
use wasmill_job::{Clock, Offset, Topic, TopicPartition, UnixMs};

use super::chunk::Chunk;
use super::compaction::Newest;
use super::disk::allocated_bytes;
use super::partitions::Extent;
use super::retention::{Candidate, Limits, decide};
use super::shared::Shared;
use super::telemetry;
use super::writer::{Request, Tidy, TidyRequest};

/// What tidying has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Chunks dropped whole by retention.
    pub chunks: u64,
    /// Records left out of compacted topics.
    pub records: u64,
}

/// The thread's state.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Receiver<Trim>,
    pub(super) writer: Sender<Request>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) compacted: HashMap<TopicPartition, Pass>,
}

/// Asks the keeper to tidy at once, and completely.
pub(super) type Trim = oneshot::Sender<Result<Trimmed, String>>;

/// The last compaction of a partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pass {
    at: UnixMs,
    next: Offset,
    bytes: u64,
}

/// Retention is counted in days and gigabytes: half a minute is soon enough.
const EVERY: Duration = Duration::from_secs(30);

/// What one step looks at in a partition, and drops at most. At disk speed a few milliseconds.
const STEP_BYTES: u64 = 8 << 20;

/// A compacted partition is read again when it has grown by half and by this much, so that the cost per record
/// stays constant; or after [`PASS_EVERY`], so that tombstones go.
const PASS_BYTES_MIN: u64 = 1 << 20;
const PASS_EVERY: Duration = Duration::from_secs(3600);

impl Keeper {
    /// Serves until the log is closed.
    pub(super) fn run(mut self) {
        loop {
            match self.inbox.recv_timeout(EVERY) {
                Ok(reply) => {
                    // Whoever has gone away does not need the answer.
                    let _ = reply.send(self.tidy(true));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.tidy(false) {
                        tracing::warn!(log = %self.shared.config.dir.display(), error, "old records were not dropped");
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// One round; with `all`, compaction does not wait until it pays.
    fn tidy(&mut self, all: bool) -> Result<Trimmed, String> {
        let mut trimmed = Trimmed::default();
        let mut topics: BTreeMap<Topic, Vec<TopicPartition>> = BTreeMap::new();
        for (of, _) in self.shared.partitions.stored() {
            topics.entry(of.topic.clone()).or_default().push(of);
        }
        for (topic, partitions) in topics {
            if topic.is_compacted() {
                for of in &partitions {
                    if all || self.pays(of) {
                        trimmed.records += self.compact(of)?;
                    }
                }
            } else {
                trimmed.chunks += self.trim(&partitions)?;
            }
        }
        let bytes = self.shared.with_store(|store| Ok(allocated_bytes(store.path()).unwrap_or(0)));
        if let Ok(bytes) = bytes {
            telemetry::file(bytes);
        }
        Ok(trimmed)
    }

    /// Drops what the topic's limits do not hold, step by step.
    fn trim(&self, partitions: &[TopicPartition]) -> Result<u64, String> {
        let limits =
            Limits { age: self.shared.config.retention_age, bytes: self.shared.config.retention_bytes };
        let mut dropped = 0;
        while !self.shared.is_closed() {
            let (mut topic_bytes, mut candidates) = (0, Vec::new());
            for of in partitions {
                let partition = self.shared.partitions.entry(of);
                let Extent { bounds, bytes } = partition.extent();
                topic_bytes += bytes;
                let Some(floor) = partition.floor().filter(|floor| *floor > bounds.first) else { continue };
                let oldest = self.shared.with_store(|store| store.oldest(of, STEP_BYTES));
                let oldest = oldest.map_err(|error| format!("{of}: {error:?}"))?;
                candidates.push(Candidate { of: of.clone(), floor, oldest });
            }
            let drops = decide(candidates, topic_bytes, limits, self.clock.now());
            if drops.is_empty() {
                break;
            }
            dropped += drops.iter().map(|(_, heads)| heads.len() as u64).sum::<u64>();
            self.ask(Tidy::Drop(drops))?;
        }
        Ok(dropped)
    }

    fn pays(&self, of: &TopicPartition) -> bool {
        let last = self.compacted.get(of).copied().unwrap_or_default();
        let extent = self.shared.partitions.entry(of).extent();
        let grown =
            extent.bounds.next > last.next && extent.bytes > last.bytes + last.bytes / 2 + PASS_BYTES_MIN;
        grown || self.clock.now().since(last.at) >= PASS_EVERY
    }

    /// Leaves out what has a newer record of its key. Two passes over the partition, chunk by chunk.
    fn compact(&mut self, of: &TopicPartition) -> Result<u64, String> {
        let now = self.clock.now();
        let mut newest = Newest::default();
        self.each_chunk(of, |chunk| {
            newest.note(chunk);
            Ok(())
        })?;
        let mut records = 0;
        self.each_chunk(of, |chunk| {
            let gone = newest.gone(chunk, now);
            if !gone.is_empty() {
                records += gone.len() as u64;
                self.ask(Tidy::Compact { of: of.clone(), first: chunk.head.first, gone })?;
            }
            Ok(())
        })?;
        let Extent { bounds, bytes } = self.shared.partitions.entry(of).extent();
        self.compacted.insert(of.clone(), Pass { at: now, next: bounds.next, bytes });
        Ok(records)
    }

    /// Visits the chunks in order, each in a transaction of its own, so that none is held for long.
    fn each_chunk(
        &self,
        of: &TopicPartition,
        mut visit: impl FnMut(&Chunk) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut next = self.shared.partitions.entry(of).extent().bounds.first;
        while !self.shared.is_closed() {
            let mut found = None;
            let read = self.shared.with_store(|store| {
                store.chunks_from(of, next, |chunk| {
                    let fits = chunk.head.end > next;
                    found = fits.then_some(chunk);
                    fits
                })
            });
            read.map_err(|error| format!("{of}: {error:?}"))?;
            let Some(chunk) = found else { break };
            visit(&chunk)?;
            next = chunk.head.end;
        }
        Ok(())
    }

    fn ask(&self, what: Tidy) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let closed = || "the log is shutting down".to_owned();
        self.writer.send(Request::Tidy(TidyRequest { what, reply })).map_err(|_| closed())?;
        answer.blocking_recv().map_err(|_| closed())?
    }
}
