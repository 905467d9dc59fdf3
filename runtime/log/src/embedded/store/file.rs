//! Making and opening the log's file.

use std::fs::{self, File};
use std::path::Path;

use redb::{Builder, Database, ReadableDatabase};

use super::error::guarded;
use super::{CHUNKS, LAYOUT, META, PARTITIONS, PROGRESS, Store, StoreError};
use crate::embedded::{LogIdentity, OpenError};

const NEW_NAME: &str = "log.redb.new";

/// Memory for the engine's pages. Readers are mostly served from the recent chunks, so it holds inner pages and one
/// group commit's changes.
const CACHE_BYTES: usize = 32 << 20;

impl Store {
    /// Opens the log in `dir`, or begins one there. Every page in use is verified: the cost is one read of the file.
    pub(in crate::embedded) fn open(dir: &Path) -> Result<Self, OpenError> {
        let path = Self::path_in(dir);
        if !path.try_exists().map_err(OpenError::io(&path))? {
            begin(dir, &path)?;
        }
        match guarded(|| open_existing(&path)) {
            Ok((_, _, found)) if found > LAYOUT => Err(OpenError::Newer { path, found, newest: LAYOUT }),
            Ok((db, identity, _)) => Ok(Self { db, path, identity }),
            Err(StoreError::Damaged(detail)) => Err(OpenError::Corrupt { path, detail }),
            Err(StoreError::NoSpace(reason)) => Err(OpenError::Io { path, reason }),
            Err(error) => Err(OpenError::Io { path, reason: std::io::Error::other(error.to_string()) }),
        }
    }

    /// Closes the file in order, so that the next program need not recover it.
    pub(in crate::embedded) fn close(self) {
        if let Err(error) = self.db.close() {
            tracing::warn!(log = %self.path.display(), %error, "the log was not closed in order; it is recovered when it is opened next");
        }
    }
}

/// Makes an empty log under another name first, so that a file with the right name is always a whole one.
fn begin(dir: &Path, path: &Path) -> Result<(), OpenError> {
    let new = dir.join(NEW_NAME);
    if new.try_exists().map_err(OpenError::io(&new))? {
        fs::remove_file(&new).map_err(OpenError::io(&new))?;
    }
    make(&new).map_err(|error| OpenError::Io {
        path: new.clone(),
        reason: std::io::Error::other(error.to_string()),
    })?;
    fs::rename(&new, path).map_err(OpenError::io(path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(OpenError::io(dir))
}

fn make(path: &Path) -> Result<(), StoreError> {
    let db = Builder::new().create(path)?;
    let transaction = db.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert("layout", LAYOUT.to_be_bytes().as_slice())?;
        meta.insert("identity", LogIdentity::random().0.as_slice())?;
        meta.insert("commits", 0_u64.to_be_bytes().as_slice())?;
        transaction.open_table(PARTITIONS)?;
        transaction.open_table(CHUNKS)?;
        transaction.open_table(PROGRESS)?;
    }
    transaction.commit()?;
    Ok(db.close()?)
}

fn open_existing(path: &Path) -> Result<(Database, LogIdentity, u32), StoreError> {
    let db = Builder::new().set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true).open(path)?;
    let meta = db.begin_read()?.open_table(META)?;
    let layout = u32::from_be_bytes(field(&meta, "layout")?);
    let identity =
        if layout > LAYOUT { LogIdentity([0; 16]) } else { LogIdentity(field(&meta, "identity")?) };
    drop(meta);
    Ok((db, identity, layout))
}

pub(super) fn field<const N: usize>(
    meta: &redb::ReadOnlyTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<[u8; N], StoreError> {
    let stored = meta.get(name)?;
    let value = stored.as_ref().and_then(|value| value.value().try_into().ok());
    value.ok_or_else(|| StoreError::Damaged(format!("`{name}` is missing in its table of contents")))
}
