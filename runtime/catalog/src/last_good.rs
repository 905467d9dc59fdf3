//! The last good revision, kept in a file of the process's own: what it starts from when the artifact store is away, or has
//! lost what it had.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::Catalog;
use crate::wire::{read_kept, write_revision};

/// Where a process keeps the last good revision. Its file may be deleted at any time.
#[derive(Clone, Debug)]
pub struct LastGood {
    path: PathBuf,
}

impl LastGood {
    /// In this file, whose folder is there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What is kept; nothing when there is no file, or one that cannot be read, which is logged.
    pub(crate) fn read(&self) -> Option<Catalog> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %self.path.display(), "the last good catalog cannot be read: {error}");
                return None;
            }
        };
        let read = read_kept(&bytes);
        read.inspect_err(
            |why| tracing::warn!(file = %self.path.display(), "the last good catalog is no use: {why}"),
        )
        .ok()
    }

    /// Keeps a revision in place of the one before. Failing is logged, and no more: the store has it.
    pub(crate) fn keep(&self, catalog: &Catalog) {
        if let Err(error) = replace(&self.path, &write_revision(catalog)) {
            tracing::warn!(file = %self.path.display(), "the last good catalog cannot be kept: {error}");
        }
    }
}

/// Puts a whole file in the place of another: after a power cut one of the two is there. Processes that share the folder write
/// beside one another.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests;
