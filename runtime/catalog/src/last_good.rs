//! The last good revision, and the last known tokens, each kept in a file of the process's own: what it starts from when the
//! artifact store is away, or has lost what it had.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::wire::{Unreadable, read_kept, read_kept_tokens, write_kept_tokens, write_revision};
use crate::{Catalog, StoredToken};

/// Where a process keeps the last good revision. Its file may be deleted at any time.
#[derive(Clone, Debug)]
pub struct LastGood {
    path: PathBuf,
}

/// Where a process keeps the last known tokens: their hashes, for its owner's eyes alone. Its file may be deleted at any time.
#[derive(Clone, Debug)]
pub struct LastTokens {
    path: PathBuf,
}

/// Who may read a kept file, as the mode of a new file.
const ALL: u32 = 0o666;
const OWNER: u32 = 0o600;

impl LastGood {
    /// In this file, whose folder is there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What is kept; nothing when there is no file, or one that cannot be read, which is logged.
    pub(crate) fn read(&self) -> Option<Catalog> {
        read(&self.path, read_kept)
    }

    /// Keeps a revision in place of the one before. Failing is logged, and no more: the store has it.
    pub(crate) fn keep(&self, catalog: &Catalog) {
        keep(&self.path, &write_revision(catalog), ALL);
    }
}

impl LastTokens {
    /// In this file, whose folder is there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What is kept; nothing when there is no file, or one that cannot be read, which is logged.
    pub(crate) fn read(&self) -> Option<Vec<StoredToken>> {
        read(&self.path, read_kept_tokens)
    }

    /// Keeps these in place of those before. Failing is logged, and no more: the store has them.
    pub(crate) fn keep(&self, tokens: &[StoredToken]) {
        keep(&self.path, &write_kept_tokens(tokens), OWNER);
    }
}

fn read<T>(path: &Path, read: impl Fn(&[u8]) -> Result<T, Unreadable>) -> Option<T> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(file = %path.display(), "what was known last cannot be read: {error}");
            return None;
        }
    };
    read(&bytes)
        .inspect_err(|why| tracing::warn!(file = %path.display(), "what was known last is no use: {why}"))
        .ok()
}

fn keep(path: &Path, bytes: &[u8], mode: u32) {
    if let Err(error) = replace(path, bytes, mode) {
        tracing::warn!(file = %path.display(), "what is known cannot be kept: {error}");
    }
}

/// What a file begins with that is being written.
const BESIDE: &str = ".unfinished-";

/// Puts a whole file in the place of another: after a power cut one of the two is there. Processes that share the folder write
/// beside one another, also those in containers that have the same process id.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(BESIDE)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests;
