//! The backstop: when the engine fails, its state is not trusted any more. The file is closed and opened again, which
//! recovers it from the disk, and what it then holds decides what is answered.

use std::fs::File;
use std::time::{Duration, Instant};

use rustix::fs::{Advice, fadvise};

use super::Writer;
use crate::AppendError;
use crate::embedded::OpenError;
use crate::embedded::shared::{Down, Slot, Unusable};
use crate::embedded::store::{Loaded, Store, StoreError};
use crate::embedded::telemetry;

/// Between two attempts to open a store that does not open: each may read the whole file.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long the file's own free space does not count after the disk was full in spite of it.
const DISTRUST_FOR: Duration = Duration::from_secs(30);

impl Writer {
    /// Commit number `commit` failed: opens the store again, and says what becomes of the group.
    pub(super) fn recover(&mut self, error: Unusable, commit: u64, free_bytes: u64) -> AppendError {
        let down = match error {
            Unusable::Closed => return AppendError::Closed,
            Unusable::Down(down) => down,
            Unusable::Failed(error) => {
                tracing::error!(log = %self.shared.config.dir.display(), %error, commit, "a commit of the log failed; the file is opened again");
                let down = Down::from(error);
                let open = self.reopen(down.clone());
                if !open || self.commits >= commit {
                    // The commit may be in the file, or is: "nothing was stored" would be wrong.
                    return unknown(down);
                }
                down
            }
        };
        if let Down::NoSpace(_) = down {
            self.distrust_until = Some(Instant::now() + DISTRUST_FOR);
            let path = self.shared.config.dir.display().to_string();
            return AppendError::Full { path, free_bytes };
        }
        unknown(down)
    }

    /// Opens the store if it is down and the last attempt is a while ago; with `check`, also when it is open and
    /// does not answer.
    pub(super) fn ensure_open(&mut self, check: bool) {
        let down = match self.shared.with_store(|store| if check { store.load().map(drop) } else { Ok(()) }) {
            // Damage does not go away by looking again.
            Ok(()) | Err(Unusable::Closed | Unusable::Down(Down::Damaged(_))) => return,
            Err(Unusable::Failed(error)) => error.into(),
            Err(Unusable::Down(down)) => down,
        };
        if self.tried_at.is_none_or(|at| at.elapsed() >= RETRY_AFTER) {
            self.reopen(down);
        }
    }

    /// Whether the store is open again.
    fn reopen(&mut self, cause: Down) -> bool {
        self.tried_at = Some(Instant::now());
        telemetry::reopened();
        let acknowledged = self.commits;
        let mut found = None;
        let shared = std::sync::Arc::clone(&self.shared);
        shared.replace(|slot| {
            drop(slot);
            match open(&shared.config.dir, acknowledged) {
                Ok((store, loaded)) => {
                    found = Some(loaded.commits);
                    shared.publish(loaded);
                    tracing::info!(log = %store.path().display(), "the log is open again");
                    Slot::Open(store)
                }
                Err(down) => {
                    tracing::error!(log = %shared.config.dir.display(), ?down, ?cause, "the log stays closed for now");
                    Slot::Down(down)
                }
            }
        });
        self.commits = found.unwrap_or(acknowledged);
        found.is_some()
    }
}

fn unknown(down: Down) -> AppendError {
    let (Down::NoSpace(reason) | Down::Damaged(reason) | Down::Other(reason)) = down;
    AppendError::Unknown { reason }
}

/// Opens the store and sees that it holds what was acknowledged.
fn open(dir: &std::path::Path, acknowledged: u64) -> Result<(Store, Loaded), Down> {
    forget_cached_pages(dir);
    let store = Store::open(dir).map_err(|error| match error {
        OpenError::Corrupt { detail, .. } => Down::Damaged(detail),
        OpenError::Io { reason, .. } if reason.kind() == std::io::ErrorKind::StorageFull => {
            Down::NoSpace(reason.to_string())
        }
        error => Down::Other(error.to_string()),
    })?;
    let loaded = store.load()?;
    if loaded.commits < acknowledged {
        let detail =
            format!("it ends with commit {}, but commit {acknowledged} was acknowledged", loaded.commits);
        return Err(StoreError::Damaged(detail).into());
    }
    Ok((store, loaded))
}

/// After a failed fsync the system may show pages that never reached the disk (the "fsync trap"): what follows must
/// see the disk. Best effort; pages that are still to be written are not dropped.
fn forget_cached_pages(dir: &std::path::Path) {
    if let Ok(file) = File::open(Store::path_in(dir)) {
        let _ = fadvise(&file, 0, None, Advice::DontNeed);
    }
}
