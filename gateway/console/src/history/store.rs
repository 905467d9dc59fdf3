//! The rows on the disk, in sled: fast, small, and damaged now and then by an abrupt stop; a history may be lost. Everything here
//! blocks.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmill_job::{JobType, UnixMs};

use super::collect::Closed;
use super::error::HistoryError;
use super::folder;
use super::hour::Hour;
use super::minute::{HourNumber, MinuteNumber};
use super::row::Row;
use super::steps::{Span, Step, Stored, join};

/// An open history.
pub(super) struct Store {
    db: sled::Db,
    folder: PathBuf,
    hour: Mutex<Hour>,
    /// Let go of behind the engine.
    _lock: File,
}

/// What opening it did besides.
pub(super) struct SetAside {
    pub(super) reason: String,
    pub(super) to: PathBuf,
}

/// So many hours are kept besides the present one.
const HOURS_KEPT: u32 = 168;
/// A clock that was set back by less does not cost what was recorded before.
const HOURS_AHEAD: u32 = 1;
/// Memory for the engine's pages.
const CACHE_BYTES: u64 = 8 << 20;
/// Rows that are taken out in one step.
const EXPIRED_AT_ONCE: usize = 1_000;
/// An engine that was closed holds its own lock until its last thread has let go of the file; nobody else can have it, since the
/// folder's lock is ours. Then it is waited for so long, looking so often.
const LET_GO_MAX: Duration = Duration::from_secs(10);
const LET_GO_PAUSE: Duration = Duration::from_millis(5);

impl Store {
    /// Opens the history in this folder, or begins one; what cannot be opened is set aside.
    pub(super) fn open(folder: &Path, now: UnixMs) -> Result<(Self, Option<SetAside>), HistoryError> {
        let lock = folder::lock(folder)?;
        let (db, aside) = match open_engine(folder) {
            Ok(db) => (db, None),
            Err(error @ HistoryError::Damaged { .. }) if folder.exists() => {
                let reason = error.to_string();
                let to = folder::set_aside(folder, now)
                    .map_err(|source| HistoryError::Folder { folder: folder.to_owned(), source })?;
                (open_engine(folder)?, Some(SetAside { reason, to }))
            }
            Err(error) => return Err(error),
        };
        let store = Self { db, folder: folder.to_owned(), hour: Mutex::default(), _lock: lock };
        let (number, _) = MinuteNumber::of(now).place();
        store.expire(number)?;
        let hour = store.load(number)?;
        *store.hour.lock().unwrap_or_else(PoisonError::into_inner) = hour;
        Ok((store, aside))
    }

    /// Records a minute. At the first one of an hour, what is too old goes. It is on the disk after a flush.
    pub(super) fn write(&self, closed: &Closed) -> Result<(), HistoryError> {
        let (number, _) = closed.minute.place();
        let mut hour = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        if hour.number != number {
            *hour = self.load(number)?;
            self.expire(number)?;
        }
        let changed = hour.add(closed);
        self.guarded(|| {
            let mut batch = sled::Batch::default();
            batch.insert(key(number, ""), hour.mill.to_bytes());
            for name in &changed {
                let row = hour.types.get(name).map(Row::to_bytes).unwrap_or_default();
                batch.insert(key(number, name.as_str()), row);
            }
            self.db.apply_batch(batch)
        })
    }

    /// The steps of a span, of a type or of the mill. Cost: two reads for each hour.
    pub(super) fn steps(&self, name: Option<&JobType>, span: Span) -> Result<Vec<Step>, HistoryError> {
        let (from, to) = span.hours();
        let mut hours = Vec::new();
        for hour in from.0..=to.0 {
            let hour = HourNumber(hour);
            let Some(mill) = self.row(hour, "")? else { continue };
            let own = name.map(|name| self.row(hour, name.as_str())).transpose()?.flatten();
            hours.push(Stored { hour, mill, own });
        }
        Ok(join(span, &hours, name.is_some()))
    }

    /// Puts on the disk what was written.
    pub(super) fn flush(&self) -> Result<(), HistoryError> {
        self.guarded(|| self.db.flush()).map(drop)
    }

    fn row(&self, hour: HourNumber, name: &str) -> Result<Option<Row>, HistoryError> {
        let value = self.guarded(|| self.db.get(key(hour, name)))?;
        Ok(value.and_then(|value| Row::read(&value)))
    }

    /// The rows of an hour as they are on the disk.
    fn load(&self, number: HourNumber) -> Result<Hour, HistoryError> {
        let mut hour = Hour { number, ..Hour::default() };
        let rows = self.guarded(|| self.db.scan_prefix(prefix(number)).collect::<Result<Vec<_>, _>>())?;
        for (key, value) in rows {
            let Some(row) = Row::read(&value) else { continue };
            match std::str::from_utf8(key.get(PREFIX_BYTES..).unwrap_or_default()) {
                Ok("") => hour.mill = row,
                Ok(name) => drop(name.parse::<JobType>().map(|name| hour.types.insert(name, row))),
                Err(_) => {}
            }
        }
        Ok(hour)
    }

    /// Takes out what is too old, and what a clock that was wrong has recorded of times to come.
    fn expire(&self, now: HourNumber) -> Result<(), HistoryError> {
        let first = prefix(HourNumber(now.0.saturating_sub(HOURS_KEPT)));
        let behind = prefix(HourNumber(now.0.saturating_add(HOURS_AHEAD + 1)));
        self.remove(|| self.db.range(..first.as_slice()))?;
        self.remove(|| self.db.range(behind.as_slice()..))
    }

    fn remove(&self, rows: impl Fn() -> sled::Iter) -> Result<(), HistoryError> {
        loop {
            let gone = self.guarded(|| {
                let keys: Vec<_> = rows().keys().take(EXPIRED_AT_ONCE).collect::<Result<_, _>>()?;
                let mut batch = sled::Batch::default();
                let count = keys.len();
                keys.into_iter().for_each(|key| batch.remove(key));
                self.db.apply_batch(batch)?;
                Ok(count)
            })?;
            if gone < EXPIRED_AT_ONCE {
                return Ok(());
            }
        }
    }

    fn guarded<T>(&self, run: impl FnOnce() -> sled::Result<T>) -> Result<T, HistoryError> {
        guarded(&self.folder, run)
    }
}

/// Hour and a zero byte.
const PREFIX_BYTES: usize = 5;

fn prefix(hour: HourNumber) -> [u8; PREFIX_BYTES] {
    let [a, b, c, d] = hour.0.to_be_bytes();
    [a, b, c, d, 0]
}

/// The key of a row: the hour, so that rows of one lie side by side and the oldest first, and the type; none for the mill.
fn key(hour: HourNumber, name: &str) -> Vec<u8> {
    [&prefix(hour), name.as_bytes()].concat()
}

#[expect(clippy::disallowed_methods, reason = "the engine cannot be asked to say when it has let go")]
fn open_engine(folder: &Path) -> Result<sled::Db, HistoryError> {
    let began = Instant::now();
    let config = sled::Config::default()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .mode(sled::Mode::LowSpace)
        // Each minute is flushed by whoever writes it.
        .flush_every_ms(None);
    loop {
        match guarded(folder, || config.open()) {
            Err(HistoryError::InUse { .. }) if began.elapsed() < LET_GO_MAX => {
                std::thread::sleep(LET_GO_PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Runs something that touches the engine: its panics are failures like others.
fn guarded<T>(folder: &Path, run: impl FnOnce() -> sled::Result<T>) -> Result<T, HistoryError> {
    let folder = || folder.to_owned();
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Io(error))) if error.kind() == std::io::ErrorKind::StorageFull => {
            Err(HistoryError::Full { folder: folder() })
        }
        // The engine gives no kind of its own for it.
        Ok(Err(sled::Error::Io(error))) if error.to_string().contains("could not acquire lock") => {
            Err(HistoryError::InUse { folder: folder() })
        }
        // What the system says is about the disk, and not about what is on it.
        Ok(Err(sled::Error::Io(error))) if error.raw_os_error().is_some() => {
            Err(HistoryError::Failed { folder: folder(), reason: error.to_string() })
        }
        Ok(Err(error)) => Err(HistoryError::Damaged { folder: folder(), reason: error.to_string() }),
        Err(_) => Err(HistoryError::Damaged { folder: folder(), reason: "its engine panicked".into() }),
    }
}

#[cfg(test)]
mod tests;
