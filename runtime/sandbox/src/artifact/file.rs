//! Writing into the folder: under its name a file is whole, also after a power cut, and never changes afterwards.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::ArtifactError;

/// What may stand in front of a file that is being written.
const UNFINISHED: &str = ".unfinished-";
/// No write takes so long: what is older was left by a process that died.
const LEFT_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Writes aside, syncs, renames. Answers what the file is then.
pub(super) fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<Metadata> {
    let file = aside(folder, bytes)?.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    // After the rename, which touches the file's times.
    file.metadata()
}

/// Writes aside and syncs, and gives the file its name only if there is none of that name.
pub(super) fn write_if_absent(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    match aside(folder, bytes)?.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => return Err(error.error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

/// A whole file under a name that nobody else has: of the processes that share the folder some may be in containers, and have the
/// same process id. It is removed when it does not get its own name.
fn aside(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(Permissions::from_mode(0o400))?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Removes what processes left that died while they wrote. It is never read; removing it only saves room.
pub(super) fn remove_what_was_left(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let is_old = |found: Metadata| {
            let age = found.modified().ok().and_then(|at| at.elapsed().ok());
            age.is_some_and(|age| age > LEFT_AFTER)
        };
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && entry.metadata().is_ok_and(is_old) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

pub(super) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArtifactError {
    let path = path.to_owned();
    move |source| ArtifactError::Io { what, path, source }
}
