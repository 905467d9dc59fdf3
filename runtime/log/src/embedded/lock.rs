//! One process at a time: a file in the log's folder that is locked as long as the log is open.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::OpenError;

/// Holds the folder. The lock goes with the value, and with the process however it ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    file: File,
}

const NAME: &str = "log.lock";

impl FolderLock {
    /// Takes the folder, and leaves this process's id in the file for whoever comes second.
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(NAME);
        let io = || OpenError::io(&path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Whatever cannot be read there is only missing from the message.
                let _ = file.read_to_string(&mut text);
                return Err(OpenError::InUse { dir: dir.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(reason)) => return Err(OpenError::Io { path, reason }),
        }
        // The id is for people; on a full disk the log opens without it.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Not by closing the file: a child that another thread is just starting has it open too, until it runs its program.
        // Should this fail, closing it lets go a moment later.
        let _ = self.file.unlock();
    }
}
