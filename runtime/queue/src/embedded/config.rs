//! Where the embedded queue lives and how large it may grow; how opening it went.

use std::io;
use std::path::PathBuf;

use crate::core::Limits;

/// Configuration of the embedded queue.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// The queue's own folder. Beside it stand its lock (`<folder>.lock`) and at most two that were set aside
    /// (`<folder>.damaged-<unix ms>`).
    pub folder: PathBuf,
    /// Memory for the engine's pages, in bytes. Default 64 MiB.
    pub cache_bytes: u64,
    /// Jobs pending, scheduled and in flight together; above it pushes answer `Full` and jobs wait in the log.
    /// Default 2,000,000, which take about 250 MB of memory.
    pub jobs_max: usize,
    /// Bytes of those jobs; above it pushes answer `Full`. Default 4 GiB. The folder grows to about three times that.
    pub bytes_max: u64,
}

/// How opening the queue's folder went. However it went, the queue is usable, and each lane has to be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// There was no queue: this one is empty.
    Begun,
    /// What was there passed the check and goes on. `jobs` are alive in it.
    Opened { jobs: usize },
    /// What was there could not be used, and is in `set_aside`. The queue is empty; the log fills it again.
    Rebuilt { reason: String, set_aside: Option<PathBuf> },
}

/// Why there is no queue.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the queue in {folder} is in use by another process, or by another part of this one: stop that first"
    )]
    InUse { folder: PathBuf },
    #[error("the queue's folder {folder} cannot be prepared ({source}): check that it can be written to")]
    Folder { folder: PathBuf, source: io::Error },
    #[error(
        "an empty queue cannot be begun in {folder} ({reason}): check that the disk has room and can be written to"
    )]
    Engine { folder: PathBuf, reason: String },
}

impl EmbeddedConfig {
    /// The defaults, in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let Limits { jobs_max, bytes_max, .. } = Limits::default();
        Self { folder: folder.into(), cache_bytes: 64 << 20, jobs_max, bytes_max }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { jobs_max: self.jobs_max, bytes_max: self.bytes_max, ..Limits::default() }
    }
}
