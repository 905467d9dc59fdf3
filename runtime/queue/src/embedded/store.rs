//! The engine: sled, behind one small type, and before it a buffer of writes.
//!
//! Writes are collected for up to [`AGE_MAX`] and then applied in one batch, so that a crash loses whole operations or
//! none. Two measurements lead to this. A batch costs the engine two writes to the disk that it waits for in the
//! background, in a queue without bound: one batch per operation at 5,000 small operations a second left it 20 s
//! behind. And a record that is deleted before the buffer is written out never reaches the engine: of jobs that are
//! done within that time, nothing does but their results.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use hashbrown::HashMap;

use super::sealed::{PIECE_BYTES, is_piece, piece_key, seal, unseal};
use crate::record::{Damage, Key, Serial, Write};

/// What a store holds.
pub(super) struct Store {
    db: sled::Db,
    /// Writes that the engine does not have yet; `None` deletes.
    buffer: HashMap<Key, Option<Bytes>>,
    buffered_bytes: usize,
    /// Since when something is in the buffer.
    since: Option<Instant>,
    /// Numbers from here on are in no key that the engine has.
    fresh: Serial,
    /// The keys in the engine whose values have pieces, and how many.
    pieces: HashMap<Vec<u8>, u16>,
    /// Bytes handed to the engine since it was last waited for.
    unawaited_bytes: usize,
}

/// Why the store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreError {
    #[error("the disk is full")]
    Full,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("its engine failed: {0}")]
    Failed(String),
    /// Somebody else has it open.
    #[error("its engine is in use")]
    InUse,
}

/// The engine's unit of allocation. Measured: 2 MiB is as fast as 512 KiB, and the limit for values inside the file is
/// a quarter of it.
const SEGMENT_BYTES: usize = 2 << 20;

/// How often the engine writes out what it holds in memory.
const FLUSH_EVERY_MS: u64 = 1_000;

/// How long writes wait in the buffer. With the engine's own second, it bounds how much of the queue's history a killed
/// process loses; of the log's it loses nothing.
const AGE_MAX: Duration = Duration::from_millis(100);

/// What the buffer holds before it is written out at once. A batch of this size takes the engine some ten milliseconds.
const BUFFER_BYTES: usize = 4 << 20;

/// After this much the engine is waited for, so that what it has in memory stays bounded on a slow disk.
const UNAWAITED_BYTES: usize = 64 << 20;

/// An engine that was closed holds its own lock until its last thread has let go of the file. Nobody else can have it,
/// since the folder's lock is ours: it is waited for so long, looking so often.
const LET_GO_MAX: Duration = Duration::from_secs(10);
const LET_GO_PAUSE: Duration = Duration::from_millis(5);

impl Store {
    /// Opens or begins the store in `folder`.
    pub(super) fn open(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let config = sled::Config::default()
            .path(folder)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            .mode(sled::Mode::LowSpace)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let db = open_engine(&config)?;
        Ok(Self {
            db,
            buffer: HashMap::new(),
            buffered_bytes: 0,
            since: None,
            fresh: Serial(0),
            pieces: HashMap::new(),
            unawaited_bytes: 0,
        })
    }

    /// One value.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        if let Some(buffered) = self.buffer.get(key) {
            return Ok(buffered.clone());
        }
        let key = key.to_bytes();
        let Some(value) = self.db.get(&key)? else { return Ok(None) };
        Ok(Some(self.read(&key, &value)?.0))
    }

    /// A value that must be there.
    pub(super) fn expect(&self, key: &Key) -> Result<Bytes, StoreError> {
        self.get(key)?.ok_or_else(|| StoreError::Damaged(format!("{key:?} is missing")))
    }

    /// Takes the writes of one operation: all of them will be applied together, or none.
    pub(super) fn apply(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        for write in writes {
            match write {
                Write::Put(key, value) => {
                    self.buffered_bytes += value.len();
                    self.buffer.insert(key, Some(value.into()));
                }
                Write::Delete(key) if self.is_fresh(&key) => drop(self.buffer.remove(&key)),
                Write::Delete(key) => drop(self.buffer.insert(key, None)),
            }
        }
        // Deleted writes are counted too: the count is a reason to look, no more.
        let is_full = self.buffered_bytes >= BUFFER_BYTES;
        if is_full || since.elapsed() >= AGE_MAX { self.write_out() } else { Ok(()) }
    }

    /// When the buffer has to be written out; `None` while it is empty.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + AGE_MAX)
    }

    /// Hands the buffer to the engine, in one batch.
    pub(super) fn write_out(&mut self) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let mut newest = None;
        let mut bytes = 0;
        for (key, value) in std::mem::take(&mut self.buffer) {
            match value {
                Some(value) => {
                    bytes += value.len();
                    newest = newest.max(serial_of(&key));
                    self.put(&mut batch, key.to_bytes(), &value);
                }
                None => self.delete(&mut batch, key.to_bytes()),
            }
        }
        self.since = None;
        self.buffered_bytes = 0;
        self.fresh = self.fresh.max(newest.map_or(Serial(0), |newest| newest.plus(1)));
        self.db.apply_batch(batch)?;
        self.unawaited_bytes += bytes;
        if self.unawaited_bytes >= UNAWAITED_BYTES { self.flush() } else { Ok(()) }
    }

    /// Every value, in the order of the keys; checks each, and that no piece is left over.
    pub(super) fn scan(
        &mut self,
        mut each: impl FnMut(Key, &[u8]) -> Result<(), Damage>,
    ) -> Result<(), StoreError> {
        self.write_out()?;
        self.pieces.clear();
        let (mut found, mut named) = (0, 0);
        for entry in self.db.iter() {
            let (key, value) = entry?;
            if is_piece(&key) {
                found += 1;
                continue;
            }
            let (body, pieces) = self.read(&key, &value)?;
            if pieces > 0 {
                named += u64::from(pieces);
                self.pieces.insert(key.to_vec(), pieces);
            }
            let key = Key::parse(&key)?;
            self.fresh = self.fresh.max(serial_of(&key).map_or(Serial(0), |serial| serial.plus(1)));
            each(key, &body)?;
        }
        if found == named {
            Ok(())
        } else {
            Err(StoreError::Damaged("a piece of a value is left over".into()))
        }
    }

    /// Waits until everything is in the file.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        if !self.buffer.is_empty() {
            self.write_out()?;
        }
        self.unawaited_bytes = 0;
        self.db.flush()?;
        Ok(())
    }

    /// Whether the engine cannot have the key: its number was not in use when the buffer was last written out.
    fn is_fresh(&self, key: &Key) -> bool {
        serial_of(key).is_some_and(|serial| serial >= self.fresh)
    }

    fn put(&mut self, batch: &mut sled::Batch, key: Vec<u8>, value: &[u8]) {
        let (first, rest) = value.split_at(value.len().min(PIECE_BYTES));
        // The largest value is a chunk with one job of at most some megabytes, far below 65,535 pieces.
        let pieces = u16::try_from(rest.len().div_ceil(PIECE_BYTES)).unwrap_or(u16::MAX);
        self.delete_pieces(batch, &key, pieces);
        for (number, piece) in (0..pieces).zip(rest.chunks(PIECE_BYTES)) {
            let name = piece_key(&key, number);
            let sealed = seal(&name, 0, piece);
            batch.insert(name, sealed);
        }
        let sealed = seal(&key, pieces, first);
        if pieces > 0 {
            self.pieces.insert(key.clone(), pieces);
        }
        batch.insert(key, sealed);
    }

    fn delete(&mut self, batch: &mut sled::Batch, key: Vec<u8>) {
        self.delete_pieces(batch, &key, 0);
        batch.remove(key);
    }

    /// Deletes a value's pieces from number `from` on.
    fn delete_pieces(&mut self, batch: &mut sled::Batch, key: &[u8], from: u16) {
        if let Some(pieces) = self.pieces.remove(key) {
            for number in from..pieces {
                batch.remove(piece_key(key, number));
            }
        }
    }

    /// A value with all its pieces, and how many it has.
    fn read(&self, key: &[u8], value: &[u8]) -> Result<(Bytes, u16), StoreError> {
        let (pieces, first) = unseal(key, value)?;
        if pieces == 0 {
            return Ok((Bytes::copy_from_slice(first), 0));
        }
        let mut whole = BytesMut::with_capacity(PIECE_BYTES * (usize::from(pieces) + 1));
        whole.extend_from_slice(first);
        for number in 0..pieces {
            let name = piece_key(key, number);
            let piece = self.db.get(&name)?;
            let piece = piece.ok_or_else(|| StoreError::Damaged("a piece of a value is missing".into()))?;
            whole.extend_from_slice(unseal(&name, &piece)?.1);
        }
        Ok((whole.freeze(), pieces))
    }
}

impl Drop for Store {
    /// What the engine has not got is lost if this fails, as in a crash: whoever must know flushes first.
    fn drop(&mut self) {
        if !self.buffer.is_empty()
            && !std::thread::panicking()
            && let Err(error) = self.write_out()
        {
            tracing::warn!(%error, "the queue's last operations were not stored; the log has them");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a lock on a file cannot be waited for with a deadline")]
fn open_engine(config: &sled::Config) -> Result<sled::Db, StoreError> {
    let began = Instant::now();
    loop {
        match config.open().map_err(StoreError::from) {
            Err(StoreError::InUse) if began.elapsed() < LET_GO_MAX => std::thread::sleep(LET_GO_PAUSE),
            opened => return opened,
        }
    }
}

fn serial_of(key: &Key) -> Option<Serial> {
    match key {
        Key::Gone(serial)
        | Key::Turn(serial)
        | Key::Failed(serial)
        | Key::Moved(serial)
        | Key::Take(serial)
        | Key::Chunk(serial)
        | Key::Results(serial)
        | Key::Marks(serial)
        | Key::Debt(serial) => Some(*serial),
        Key::Meta
        | Key::Head
        | Key::Type(_)
        | Key::Lane(_)
        | Key::Inherited(_)
        | Key::Parked(_)
        | Key::Dead(_) => None,
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            // The engine gives no kind of its own for it.
            sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => Self::InUse,
            sled::Error::Corruption { .. } => Self::Damaged(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<Damage> for StoreError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage.0)
    }
}
