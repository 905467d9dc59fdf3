//! A witness beside the log: the number of the last acknowledged commit, in a file of its own.
//!
//! The engine recovers from a torn last commit by going back to the one before, which is right after a crash in the
//! middle of a commit, and silent loss when the commit had been acknowledged and its pages were damaged later. The
//! witness tells the two apart. It is written after each commit without an fsync: it survives every end of the
//! process, and after a power cut it may lag behind, which only weakens it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{LogIdentity, OpenError};

/// Notes what was acknowledged.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
    identity: LogIdentity,
}

const NAME: &str = "log.acked";
const BYTES: usize = 16 + 8 + 4;

impl Witness {
    /// Hears the witness about the log that was opened with `commits` commits in it.
    pub(super) fn examine(
        dir: &Path,
        log: &Path,
        identity: LogIdentity,
        commits: u64,
    ) -> Result<Self, OpenError> {
        let path = dir.join(NAME);
        let io = || OpenError::io(&path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io())?;
        match read(&file).map_err(io())? {
            Some((of, acknowledged)) if of == identity && acknowledged > commits => {
                return Err(missing(log, &path, acknowledged, commits));
            }
            Some((of, _)) if of != identity => {
                tracing::warn!(log = %log.display(), expected = %of, found = %identity, "this is another log than the last one here");
            }
            _ => {}
        }
        Ok(Self { file, identity })
    }

    /// Notes that commit number `commits` is acknowledged. A witness that cannot write is only a weaker one.
    pub(super) fn note(&self, commits: u64) {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(&self.identity.0);
        bytes[16..24].copy_from_slice(&commits.to_be_bytes());
        let checksum = crc32c::crc32c(&bytes[..24]);
        bytes[24..].copy_from_slice(&checksum.to_be_bytes());
        if let Err(error) = self.file.write_all_at(&bytes, 0) {
            tracing::debug!(%error, "the last acknowledged commit was not noted");
        }
    }
}

/// What the file says; `None` when it is empty or torn.
fn read(file: &File) -> io::Result<Option<(LogIdentity, u64)>> {
    let mut bytes = [0; BYTES];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let (body, checksum) = bytes.split_at(24);
    if crc32c::crc32c(body).to_be_bytes() != checksum {
        return Ok(None);
    }
    let (mut identity, mut commits) = ([0; 16], [0; 8]);
    identity.copy_from_slice(&body[..16]);
    commits.copy_from_slice(&body[16..]);
    Ok(Some((LogIdentity(identity), u64::from_be_bytes(commits))))
}

fn missing(log: &Path, witness: &Path, acknowledged: u64, commits: u64) -> OpenError {
    let detail = format!(
        "it ends with commit {commits}, but commit {acknowledged} was acknowledged; remove {} to accept the loss",
        witness.display()
    );
    OpenError::Corrupt { path: PathBuf::from(log), detail }
}
