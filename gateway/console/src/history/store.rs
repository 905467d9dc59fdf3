//! The rows on the disk, in redb: small, crash-safe, and let go of when it is dropped. A history may be lost. Everything here blocks.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind::{InvalidData, QuotaExceeded, StorageFull, UnexpectedEof};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use redb::{Builder, Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition};
use wasmill_job::{JobType, UnixMs};

use super::collect::Closed;
use super::error::HistoryError;
use super::folder::{self, FolderLock};
use super::hour::Hour;
use super::minute::{HourNumber, MinuteNumber};
use super::row::Row;
use super::steps::{Span, Step, Stored, join};

/// An open history.
pub(super) struct Store {
    db: Database,
    folder: PathBuf,
    hour: Mutex<Hour>,
    /// Let go of behind the engine.
    _lock: FolderLock,
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
const CACHE_BYTES: usize = 8 << 20;
/// The file in the folder.
const FILE: &str = "history.redb";
/// Rows by [`key`].
const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");

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
        let hour = store.change(Durability::Immediate, |rows| {
            expire(rows, number)?;
            load(rows, number)
        })?;
        *store.hour.lock().unwrap_or_else(PoisonError::into_inner) = hour;
        Ok((store, aside))
    }

    /// Records a minute, on the disk. At the first one of an hour, what is too old goes.
    pub(super) fn write(&self, closed: &Closed) -> Result<(), HistoryError> {
        self.record(closed, Durability::Immediate)
    }

    fn record(&self, closed: &Closed, durability: Durability) -> Result<(), HistoryError> {
        let (number, _) = closed.minute.place();
        let mut hour = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        self.change(durability, |rows| {
            if hour.number != number {
                *hour = load(rows, number)?;
                expire(rows, number)?;
            }
            let changed = hour.add(closed);
            rows.insert(key(number, "").as_slice(), hour.mill.to_bytes().as_slice())?;
            for name in &changed {
                let row = hour.types.get(name).map(Row::to_bytes).unwrap_or_default();
                rows.insert(key(number, name.as_str()).as_slice(), row.as_slice())?;
            }
            Ok(())
        })
    }

    /// The steps of a span, of a type or of the mill. Cost: two reads for each hour.
    pub(super) fn steps(&self, name: Option<&JobType>, span: Span) -> Result<Vec<Step>, HistoryError> {
        let (from, to) = span.hours();
        let hours = guarded(&self.folder, || {
            let rows = self.db.begin_read()?.open_table(ROWS)?;
            let row = |hour, name: &str| -> Result<Option<Row>, redb::Error> {
                Ok(rows.get(key(hour, name).as_slice())?.and_then(|value| Row::read(value.value())))
            };
            let mut hours = Vec::new();
            for hour in from.0..=to.0 {
                let hour = HourNumber(hour);
                let Some(mill) = row(hour, "")? else { continue };
                let own = name.map(|name| row(hour, name.as_str())).transpose()?.flatten();
                hours.push(Stored { hour, mill, own });
            }
            Ok(hours)
        })?;
        Ok(join(span, &hours, name.is_some()))
    }

    /// Changes rows, all or none.
    fn change<T>(
        &self,
        durability: Durability,
        change: impl FnOnce(&mut Table<'_, &'static [u8], &'static [u8]>) -> Result<T, redb::Error>,
    ) -> Result<T, HistoryError> {
        guarded(&self.folder, || {
            let mut transaction = self.db.begin_write()?;
            transaction.set_durability(durability)?;
            let changed = change(&mut transaction.open_table(ROWS)?)?;
            transaction.commit()?;
            Ok(changed)
        })
    }
}

/// The rows of an hour as they are on the disk.
fn load(rows: &Table<'_, &'static [u8], &'static [u8]>, number: HourNumber) -> Result<Hour, redb::Error> {
    let (mut mill, mut types) = (Row::default(), BTreeMap::new());
    let (from, to) = (prefix(number), prefix(HourNumber(number.0.saturating_add(1))));
    for row in rows.range(from.as_slice()..to.as_slice())? {
        let (key, value) = row?;
        let Some(row) = Row::read(value.value()) else { continue };
        match std::str::from_utf8(key.value().get(PREFIX_BYTES..).unwrap_or_default()) {
            Ok("") => mill = row,
            Ok(name) => drop(name.parse::<JobType>().map(|name| types.insert(name, row))),
            Err(_) => {}
        }
    }
    Ok(Hour { number, mill, types })
}

/// Takes out what is too old, and what a clock that was wrong has recorded of times to come.
fn expire(rows: &mut Table<'_, &'static [u8], &'static [u8]>, now: HourNumber) -> Result<(), redb::Error> {
    let first = prefix(HourNumber(now.0.saturating_sub(HOURS_KEPT)));
    let behind = prefix(HourNumber(now.0.saturating_add(HOURS_AHEAD + 1)));
    rows.retain_in(..first.as_slice(), |_, _| false)?;
    rows.retain_in(behind.as_slice().., |_, _| false)?;
    Ok(())
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

fn open_engine(folder: &Path) -> Result<Database, HistoryError> {
    fs::create_dir_all(folder)
        .map_err(|source| HistoryError::Folder { folder: folder.to_owned(), source })?;
    guarded(folder, || Ok(Builder::new().set_cache_size(CACHE_BYTES).create(folder.join(FILE))?))
}

/// Runs something that touches the engine: its panics, which damage on the disk can provoke, are failures like others.
fn guarded<T>(folder: &Path, run: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, HistoryError> {
    let damaged = |reason| HistoryError::Damaged { folder: folder.to_owned(), reason };
    let failed = |reason| HistoryError::Failed { folder: folder.to_owned(), reason };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(redb::Error::Io(error))) => Err(match error.kind() {
            StorageFull | QuotaExceeded => HistoryError::Full { folder: folder.to_owned() },
            InvalidData | UnexpectedEof => damaged(error.to_string()),
            _ => failed(error.to_string()),
        }),
        Ok(Err(redb::Error::DatabaseAlreadyOpen)) => Err(HistoryError::InUse { folder: folder.to_owned() }),
        Ok(Err(redb::Error::Corrupted(reason))) => Err(damaged(reason)),
        // A table that every history has, of another type, or a file of another time.
        Ok(Err(
            error @ (redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::UpgradeRequired(_)),
        )) => Err(damaged(error.to_string())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(damaged("its engine panicked".into())),
    }
}

#[cfg(test)]
mod tests;
