//! Writing into the folder: under its name a file is whole, also after a power cut, and never changes afterwards.

use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::ArtifactError;

/// What may stand in front of a file that is being written.
const UNFINISHED: &str = ".unfinished-";

/// Writes aside, syncs, renames. Answers what the file is then.
pub(super) fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<Metadata> {
    let aside = aside(folder);
    let written = (|| {
        let mut file = create(&aside)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(0o400))?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        fs::File::open(folder)?.sync_all()?;
        // After the rename, which touches the file's times.
        file.metadata()
    })();
    if written.is_err() {
        // What is left aside is never read; removing it only saves room.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Writes aside and syncs, and gives the file its name only if there is none of that name.
pub(super) fn write_if_absent(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = aside(folder);
    let linked = (|| {
        let mut file = create(&aside)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(0o400))?;
        file.sync_all()?;
        match fs::hard_link(&aside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    })();
    let _ = fs::remove_file(&aside);
    linked?;
    fs::File::open(folder)?.sync_all()
}

fn aside(folder: &Path) -> PathBuf {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let turn = WRITTEN.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("{UNFINISHED}{}-{turn}", std::process::id()))
}

fn create(aside: &Path) -> io::Result<fs::File> {
    // A process that died may have had this number before.
    let _ = fs::remove_file(aside);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)
}

pub(super) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArtifactError {
    let path = path.to_owned();
    move |source| ArtifactError::Io { what, path, source }
}
