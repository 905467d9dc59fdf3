//! Why no history is kept.

use std::io;
use std::path::PathBuf;

/// Each is a sentence for the page and the log of the process.
#[derive(Debug, thiserror::Error)]
pub(super) enum HistoryError {
    #[error("the history in {folder} is in use by another process; it begins when that is stopped")]
    InUse { folder: PathBuf },
    #[error("the history's folder {folder} cannot be prepared ({source}): check that it can be written to")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("the disk with the history in {folder} is full: make room")]
    Full { folder: PathBuf },
    #[error("the history in {folder} is damaged ({reason})")]
    Damaged { folder: PathBuf, reason: String },
    #[error(
        "the history in {folder} cannot be read or written ({reason}): check that its disk has room and can be written to"
    )]
    Failed { folder: PathBuf, reason: String },
}
