//! The handle that gateway and relay hold, and the log's coming and going.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use wasmill_job::{Clock, Offset, Partition, Position, Progress, Topic, TopicPartition, UnixMs};

use super::chunk::record_bytes;
use super::keeper::{Keeper, Trim};
use super::lock::FolderLock;
use super::recent::Bite;
use super::shared::{Shared, Unusable};
use super::store::{Store, StoreError};
use super::witness::Witness;
use super::writer::{AppendRequest, ProgressRequest, Request, Writer};
use super::{LogConfig, LogIdentity, OpenError, Trimmed};
use crate::{Append, AppendError, Bounds, Log, ReadError, Stored};

/// The embedded log. Cheap to clone; the last clone that goes closes it in order.
#[derive(Clone)]
pub struct EmbeddedLog {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    identity: LogIdentity,
    writer: Sender<Request>,
    /// `None` once the log is closed.
    keeper: Mutex<Option<Sender<Trim>>>,
    /// KiB that may wait for the writer.
    room: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The largest record, key and value together. Far above any payload limit, and low enough that one group commit
/// with such a record stays short.
pub(super) const RECORD_BYTES_MAX: usize = 16 << 20;

/// What may wait for the writer, so that a slow disk slows callers down instead of filling the memory.
const WAITING_KIB_MAX: u32 = 64 << 10;

impl EmbeddedLog {
    /// The largest record it stores, in bytes, key and value together.
    pub const RECORD_BYTES_MAX: usize = RECORD_BYTES_MAX;

    /// Opens the log in `config.dir`, or begins one there. Blocks: every page in use is read and verified.
    ///
    /// # Errors
    /// When another process has it open, when its file is damaged or newer than this program, or when the disk does
    /// not let it.
    pub fn open(config: LogConfig, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        std::fs::create_dir_all(&config.dir).map_err(OpenError::io(&config.dir))?;
        let lock = FolderLock::take(&config.dir)?;
        let store = Store::open(&config.dir)?;
        let path = store.path().to_owned();
        let loaded = store.load().map_err(|error| match error {
            StoreError::Damaged(detail) => OpenError::Corrupt { path: path.clone(), detail },
            error => OpenError::Io { path: path.clone(), reason: io::Error::other(error.to_string()) },
        })?;
        let (identity, commits) = (store.identity(), loaded.commits);
        let witness = Witness::examine(&config.dir, &path, identity, commits)?;
        witness.note(commits);
        let shared = Arc::new(Shared::new(config, store, loaded));

        let (writer, inbox) = mpsc::channel();
        let writing = Writer {
            shared: Arc::clone(&shared),
            inbox,
            witness,
            clock: Arc::clone(&clock),
            commits,
            distrust_until: None,
            tried_at: None,
            lock,
        };
        let (keeper, inbox) = mpsc::channel();
        let keeping = Keeper {
            shared: Arc::clone(&shared),
            inbox,
            writer: writer.clone(),
            clock,
            compacted: HashMap::new(),
        };
        let threads = vec![
            Builder::new().name("log-writer".into()).spawn(|| writing.run()).map_err(OpenError::io(&path))?,
            Builder::new().name("log-keeper".into()).spawn(|| keeping.run()).map_err(OpenError::io(&path))?,
        ];
        let inner = Inner {
            shared,
            identity,
            writer,
            keeper: Mutex::new(Some(keeper)),
            room: Arc::new(Semaphore::new(WAITING_KIB_MAX as usize)),
            threads: Mutex::new(threads),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The name this log was born with. What was derived from a log with another one must be derived again.
    pub fn identity(&self) -> LogIdentity {
        self.inner.identity
    }

    /// Drops what retention and compaction allow, now and completely. They also run by themselves.
    ///
    /// # Errors
    /// When the log cannot be read or written.
    pub async fn trim(&self) -> Result<Trimmed, ReadError> {
        let (reply, answer) = oneshot::channel();
        let keeper = self.inner.keeper.lock().unwrap_or_else(PoisonError::into_inner).clone();
        keeper.and_then(|keeper| keeper.send(reply).ok()).ok_or(ReadError::Closed)?;
        let done = answer.await.map_err(|_| ReadError::Closed)?;
        done.map_err(|reason| ReadError::Unavailable { reason })
    }

    /// Stores what was asked before, closes the file and lets another process open it. Clones answer that the log is
    /// closed from now on.
    pub async fn close(self) {
        let (reply, closed) = oneshot::channel();
        if self.inner.begin_close(Some(reply)) {
            // An error means that the writer is gone, and the file is closed with it.
            let _ = closed.await;
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// Stores all of `records`, none of which is too large, or none.
    async fn store(&self, records: Vec<Append>) -> Result<Vec<Position>, AppendError> {
        let bytes: usize =
            records.iter().map(|record| record_bytes(record.key.as_ref(), record.value.as_ref())).sum();
        let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX).saturating_add(1).min(WAITING_KIB_MAX);
        let room = Arc::clone(&self.inner.room);
        let permit = room.acquire_many_owned(kib).await.map_err(|_| AppendError::Closed)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        let request = Request::Append(AppendRequest { records, bytes, reply, permit });
        self.inner.writer.send(request).map_err(|_| self.inner.unanswered())?;
        answer.await.unwrap_or_else(|_| Err(self.inner.unanswered()))
    }

    /// Reads from the file.
    async fn read_stored(&self, from: Position, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        let at = from.clone();
        let read = move |shared: &Shared| {
            let of = at.topic_partition();
            let mut bite = Bite::new(bytes_max);
            shared.with_store(|store| {
                store.chunks_from(&of, at.offset, |chunk| {
                    bite.take(chunk.records_from(at.offset));
                    shared.recent.insert(&of, chunk);
                    bite.is_full()
                })
            })?;
            Ok(bite.records)
        };
        self.look(from, read).await
    }

    /// Looks into the file, off the runtime's threads, for somebody who asks for `from`.
    async fn look<T: Send + 'static>(
        &self,
        from: Position,
        look: impl FnOnce(&Shared) -> Result<T, Unusable> + Send + 'static,
    ) -> Result<T, ReadError> {
        let shared = Arc::clone(self.shared());
        let read = tokio::task::spawn_blocking(move || look(&shared)).await;
        let read = read.unwrap_or_else(|error| Err(Unusable::Failed(StoreError::Other(error.to_string()))));
        if matches!(read, Err(Unusable::Failed(StoreError::Other(_)) | Unusable::Down(_))) {
            // The writer sees whether the file must be opened again. Without a writer the log is closed.
            let _ = self.inner.writer.send(Request::Check);
        }
        read.map_err(|error| error.into_read_error(&Store::path_in(&self.shared().config.dir), &from))
    }
}

impl Inner {
    /// Whether this call is the one that closes.
    fn begin_close(&self, reply: Option<oneshot::Sender<()>>) -> bool {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if keeper.is_none() {
            return false;
        }
        self.shared.begin_close();
        self.room.close();
        self.writer.send(Request::Close(reply)).is_ok()
    }

    /// What to say when the writer did not answer.
    fn unanswered(&self) -> AppendError {
        if self.shared.is_closed() {
            AppendError::Closed
        } else {
            AppendError::Unknown { reason: "the log's writer has stopped".into() }
        }
    }
}

impl Log for EmbeddedLog {
    /// A record that is too large is refused by itself. The others share their fate: they are stored in one transaction,
    /// or not at all.
    async fn append_each(&self, records: Vec<Append>) -> Vec<Result<Position, AppendError>> {
        let too_large: Vec<Option<AppendError>> = records.iter().map(too_large).collect();
        let fitting: Vec<Append> = records
            .into_iter()
            .zip(&too_large)
            .filter_map(|(record, refusal)| refusal.is_none().then_some(record))
            .collect();
        let mut stored = match self.store(fitting).await {
            Ok(positions) => Ok(positions.into_iter()),
            Err(error) => Err(error),
        };
        let fates = too_large.into_iter().map(|refusal| match (refusal, &mut stored) {
            (Some(refusal), _) => Err(refusal),
            (None, Err(error)) => Err(error.clone()),
            (None, Ok(positions)) => positions.next().ok_or_else(|| self.inner.unanswered()),
        });
        fates.collect()
    }

    /// All or none of the records are stored.
    async fn append(&self, records: Vec<Append>) -> Result<Vec<Position>, AppendError> {
        match records.iter().find_map(too_large) {
            Some(refusal) => Err(refusal),
            None => self.store(records).await,
        }
    }

    async fn read(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let bounds = self.bounds(from).await?;
        if offset >= bounds.next {
            return Ok(Vec::new());
        }
        if offset < bounds.first {
            return Err(ReadError::Gone { of: from.clone(), asked: offset, first: bounds.first });
        }
        if let Some(records) = self.shared().recent.read(from, offset, bytes_max) {
            return Ok(records);
        }
        self.read_stored(from.at(offset), bytes_max).await
    }

    async fn arrived(&self, at: &TopicPartition, offset: Offset) {
        let partition = self.shared().partitions.entry(at);
        if !self.shared().is_closed() {
            partition.arrived(offset).await;
        }
    }

    async fn bounds(&self, of: &TopicPartition) -> Result<Bounds, ReadError> {
        if self.shared().is_closed() {
            return Err(ReadError::Closed);
        }
        Ok(self.shared().partitions.get(of).map(|partition| partition.extent().bounds).unwrap_or_default())
    }

    async fn since(&self, of: &TopicPartition, at: UnixMs) -> Result<Offset, ReadError> {
        let Bounds { first, next } = self.bounds(of).await?;
        if first == next {
            return Ok(next);
        }
        let lane = of.clone();
        self.look(of.at(first), move |shared| shared.with_store(|store| store.since(&lane, at))).await
    }

    async fn partitions(&self) -> Result<Vec<TopicPartition>, ReadError> {
        if self.shared().is_closed() {
            return Err(ReadError::Closed);
        }
        Ok(self.shared().partitions.stored().into_iter().map(|(of, _)| of).collect())
    }

    /// Everything but progress itself: nobody shares it.
    async fn assigned(&self) -> Result<BTreeSet<TopicPartition>, ReadError> {
        let known = self.partitions().await?;
        let dead = TopicPartition::new(Topic::dead(), Partition(0));
        let carried = |topic: &Topic| topic.is_queue() || topic.parked_type().is_some();
        Ok(known.into_iter().filter(|of| carried(&of.topic)).chain([dead]).collect())
    }

    async fn reassigned(&self, from: &BTreeSet<TopicPartition>) {
        let mut stored = self.shared().partitions.stored_changes();
        while self.assigned().await.is_ok_and(|assigned| assigned == *from) {
            // An error means that the log is gone.
            if stored.changed().await.is_err() {
                return;
            }
        }
    }

    /// Topics are made by the records in them.
    async fn ensure(&self, _: &Topic, _: NonZeroU32) -> Result<(), AppendError> {
        if self.shared().is_closed() { Err(AppendError::Closed) } else { Ok(()) }
    }

    /// Unsettled records stay.
    async fn retention(&self, _: &Topic) -> Result<Option<Duration>, ReadError> {
        if self.shared().is_closed() { Err(ReadError::Closed) } else { Ok(None) }
    }

    async fn commit(&self, of: &TopicPartition, progress: Progress) -> Result<(), AppendError> {
        if self.shared().is_closed() {
            return Err(AppendError::Closed);
        }
        let (reply, answer) = oneshot::channel();
        let request = Request::Progress(ProgressRequest { of: of.clone(), progress, reply });
        self.inner.writer.send(request).map_err(|_| self.inner.unanswered())?;
        answer.await.unwrap_or_else(|_| Err(self.inner.unanswered()))
    }

    async fn committed(&self, of: &TopicPartition) -> Result<Progress, ReadError> {
        if self.shared().is_closed() {
            return Err(ReadError::Closed);
        }
        Ok(self.shared().partitions.get(of).and_then(|partition| partition.progress()).unwrap_or_default())
    }
}

/// Why the record cannot be stored, if it is too large.
fn too_large(record: &Append) -> Option<AppendError> {
    let bytes = record.bytes();
    (bytes > RECORD_BYTES_MAX).then_some(AppendError::TooLarge { bytes, bytes_max: RECORD_BYTES_MAX })
}

impl fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dir = &self.shared().config.dir;
        f.debug_struct("EmbeddedLog").field("dir", dir).field("identity", &self.inner.identity).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.begin_close(None);
        for thread in self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the log has panicked");
            }
        }
    }
}
