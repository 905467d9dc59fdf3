//! How much room the disk has.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file system under the log.
#[derive(Debug)]
pub(super) struct Disk {
    dir: PathBuf,
}

/// `st_blocks` counts in these, whatever the file system's own block is (stat(2)).
const STAT_BLOCK_BYTES: u64 = 512;

impl Disk {
    pub(super) fn under(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The bytes this process could still write.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// What a file takes on the disk: holes do not count.
pub(super) fn allocated_bytes(path: &Path) -> io::Result<u64> {
    Ok(std::fs::metadata(path)?.blocks() * STAT_BLOCK_BYTES)
}
