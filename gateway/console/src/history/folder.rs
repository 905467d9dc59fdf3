//! The folder of the history: one holder at a time, and set aside when it is damaged.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use wasmill_job::UnixMs;

use super::error::HistoryError;

/// Makes the folder above it and locks the history, until the result is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, HistoryError> {
    let prepare = |source| HistoryError::Folder { folder: folder.to_owned(), source };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(prepare)?;
    }
    let lock = File::create(beside(folder, ".lock")).map_err(prepare)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
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
