//! The queue's folder: opened, checked, set aside when it is not sound. One holder at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use wasmill_job::UnixMs;

use super::config::{EmbeddedConfig, OpenError};
use super::store::{Store, StoreError};
use crate::core::{Beginning, Core, Rebuild};
use crate::record::{Key, LAYOUT, MetaRow, Row, Serial, Write};

/// The folder and the right to use it.
pub(super) struct Folder {
    config: EmbeddedConfig,
    /// Whose log the queue is derived from.
    log: u128,
    /// Held as long as the folder is: dropping it unlocks.
    lock: File,
}

/// Folders set aside that are kept; older ones are removed.
const SET_ASIDE_MAX: usize = 2;

impl Folder {
    /// Locks the folder.
    pub(super) fn lock(config: EmbeddedConfig, log: u128) -> Result<Self, OpenError> {
        let prepare = |source| OpenError::Folder { folder: config.folder.clone(), source };
        if let Some(parent) = config.folder.parent() {
            fs::create_dir_all(parent).map_err(prepare)?;
        }
        let lock = File::create(beside(&config.folder, ".lock")).map_err(prepare)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { config, log, lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { folder: config.folder }),
            Err(TryLockError::Error(source)) => Err(prepare(source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.config.folder
    }

    /// Whether there is something in it.
    pub(super) fn exists(&self) -> bool {
        self.config.folder.exists()
    }

    /// Opens what is there, and checks it.
    pub(super) fn open(&self, now: UnixMs) -> Result<(Core, Store), StoreError> {
        guarded(|| {
            let mut store = Store::open(&self.config.folder, self.config.cache_bytes)?;
            let core = self.rebuild(&mut store, now)?;
            Ok((core, store))
        })
    }

    /// The state that the store holds.
    pub(super) fn rebuild(&self, store: &mut Store, now: UnixMs) -> Result<Core, StoreError> {
        let meta = store.expect(&Key::Meta)?;
        let meta = MetaRow::from_bytes(&meta)?;
        if meta.layout != LAYOUT {
            let sentence = format!("its layout is {}, and this binary reads {LAYOUT}", meta.layout);
            return Err(StoreError::Damaged(sentence));
        }
        if meta.log != self.log {
            let sentence = format!("it belongs to log {:032x}, and this is log {:032x}", meta.log, self.log);
            return Err(StoreError::Damaged(sentence));
        }
        let mut rebuild = Rebuild::new(self.config.limits(), beginning(Serial(0), now));
        store.scan(|key, value| rebuild.add(key, value))?;
        Ok(rebuild.finish()?)
    }

    /// Begins an empty queue. Its numbers are at least `serial`.
    pub(super) fn begin(&self, serial: Serial, now: UnixMs) -> Result<(Core, Store), StoreError> {
        guarded(|| {
            let mut store = Store::open(&self.config.folder, self.config.cache_bytes)?;
            let meta = MetaRow { layout: LAYOUT, log: self.log };
            store.apply(vec![Write::Put(Key::Meta, meta.to_bytes())])?;
            store.flush()?;
            Ok((Core::new(self.config.limits(), beginning(serial, now)), store))
        })
    }

    /// Moves the folder out of the way, so that somebody can look at it; only the newest few are kept.
    pub(super) fn set_aside(&self, now: UnixMs) -> io::Result<PathBuf> {
        let to = (now.0..)
            .map(|ms| beside(&self.config.folder, &format!(".damaged-{ms}")))
            .find(|path| !path.exists())
            .ok_or(io::ErrorKind::AlreadyExists)?;
        fs::rename(&self.config.folder, &to)?;
        let mut kept = self.kept_aside()?;
        kept.sort_unstable();
        for (_, old) in kept.iter().rev().skip(SET_ASIDE_MAX) {
            remove(old)?;
        }
        Ok(to)
    }

    /// Removes the folder, and all that were set aside: for a disk that is full.
    pub(super) fn clear(&self) -> io::Result<()> {
        for (_, old) in self.kept_aside()? {
            remove(&old)?;
        }
        self.discard()
    }

    /// Removes the folder.
    pub(super) fn discard(&self) -> io::Result<()> {
        if self.exists() { remove(&self.config.folder) } else { Ok(()) }
    }

    /// The folders set aside, with the time in their names.
    fn kept_aside(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let (Some(parent), Some(name)) = (self.config.folder.parent(), self.config.folder.file_name()) else {
            return Ok(Vec::new());
        };
        let prefix = format!("{}.damaged-", name.to_string_lossy());
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let mut kept = Vec::new();
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(at) = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse().ok()) {
                kept.push((at, entry.path()));
            }
        }
        Ok(kept)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Not by closing the file: a child that another thread is just starting has it open too, until it runs its program.
        // Should this fail, closing it lets go a moment later.
        let _ = self.lock.unlock();
    }
}

/// Runs something that touches the engine: its panics are failures like others.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // What the closure touched is dropped when this fails: nobody sees it half-changed.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(StoreError::Failed(format!("it panicked: {}", text.unwrap_or_else(|| "no reason given".into()))))
    })
}

/// Numbers of this life are above those of an earlier one, in whichever folder, if the clock is: about a million for
/// each millisecond since 1970.
fn beginning(serial: Serial, now: UnixMs) -> Beginning {
    Beginning { serial: serial.max(Serial(now.0 << 20)), claim: rand::random() }
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
