//! The folder of the history: one holder at a time, and set aside when it is damaged.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use wasmill_job::UnixMs;

use super::error::HistoryError;

/// The right to use the folder. Dropping it unlocks.
pub(super) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Not by closing the file: a child that another thread is just starting has it open too, until it runs its program.
        // Should this fail, closing it lets go a moment later.
        let _ = self.file.unlock();
    }
}

/// Makes the folder above it and locks the history, until the result is dropped.
pub(super) fn lock(folder: &Path) -> Result<FolderLock, HistoryError> {
    let prepare = |source| HistoryError::Folder { folder: folder.to_owned(), source };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(prepare)?;
    }
    let file = File::create(beside(folder, ".lock")).map_err(prepare)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { file }),
        Err(TryLockError::WouldBlock) => Err(HistoryError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(prepare(source)),
    }
}

/// Moves the folder out of the way, so that somebody can look at it. The one that was set aside before is removed, so that no more
/// than one takes room.
pub(super) fn set_aside(folder: &Path, now: UnixMs) -> io::Result<PathBuf> {
    for old in kept_aside(folder)? {
        fs::remove_dir_all(old)?;
    }
    let to = beside(folder, &format!(".damaged-{}", now.0));
    fs::rename(folder, &to)?;
    Ok(to)
}

fn kept_aside(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(Vec::new()) };
    let prefix = format!("{}.damaged-", name.to_string_lossy());
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let mut kept = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
            kept.push(entry.path());
        }
    }
    Ok(kept)
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
