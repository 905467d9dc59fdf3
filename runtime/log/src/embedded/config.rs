//! What an operator may set about the embedded log, and why it may refuse to open.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Settings of the embedded log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The folder that holds the log; made when it is missing. No default.
    pub dir: PathBuf,
    /// Settled records older than this are dropped. Default 7 days.
    pub retention_age: Duration,
    /// The disk space a topic may take, in bytes; above it its oldest settled records are dropped. Unsettled ones
    /// never are, so a topic can be larger. Default 8 GiB.
    pub retention_bytes: u64,
    /// Records are refused when the disk has less free space than this, in bytes, so that progress can still be
    /// stored and space given back. Default 16 MiB: several of the largest group commits' bookkeeping.
    pub reserve_bytes: u64,
}

impl LogConfig {
    /// The defaults for a log in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            retention_age: Duration::from_secs(7 * 24 * 3600),
            retention_bytes: 8 << 30,
            reserve_bytes: 16 << 20,
        }
    }
}

/// Why the log was not opened. Nothing was changed on the disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the log in {} is in use by {}: stop that process first, or choose another folder", dir.display(), who(*pid))]
    InUse { dir: PathBuf, pid: Option<u32> },
    #[error("the log file {} is damaged ({detail}): restore it from a copy, or move it away to begin an empty log", path.display())]
    Corrupt { path: PathBuf, detail: String },
    #[error(
        "the log file {} has layout {found}, and this program reads up to {newest}: start a newer program",
        path.display()
    )]
    Newer { path: PathBuf, found: u32, newest: u32 },
    #[error("the log file {} cannot be opened: {reason}", path.display())]
    Io { path: PathBuf, reason: io::Error },
}

impl OpenError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::Io { path, reason }
    }
}

fn who(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}
