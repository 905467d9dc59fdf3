//! The suite on the embedded log.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use wasmill_job::SystemClock;
use wasmill_log::{EmbeddedLog, LogConfig};

use super::LogUnderTest;

super::every_case!(crate::log::embedded::Embedded);

/// What only this log promises: one fate for an append, and partitions that are made by what is put into them.
mod alone {
    super::super::conformance! { crate::log::embedded::Embedded:
        append { stores_all_or_none }
        read { of_an_unknown_partition_gives_nothing }
        progress { makes_a_partition_known }
        compact { keeps_records_without_a_key }
    }
}

/// An embedded log in a folder of its own.
pub(crate) struct Embedded {
    log: EmbeddedLog,
    dir: TempDir,
}

impl Embedded {
    fn open(dir: TempDir) -> Self {
        let log = EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(SystemClock)).unwrap();
        Self { log, dir }
    }
}

impl LogUnderTest for Embedded {
    type Log = EmbeddedLog;

    const RECORD_BYTES_MAX: usize = EmbeddedLog::RECORD_BYTES_MAX;

    async fn fresh() -> Self {
        Self::open(TempDir::new().unwrap())
    }

    fn log(&self) -> EmbeddedLog {
        self.log.clone()
    }

    async fn close(&self) {
        self.log.clone().close().await;
    }

    async fn reopen(self) -> Self {
        let Self { log, dir } = self;
        drop(log);
        Self::open(dir)
    }

    /// A copy of the files as they are now is what a killed process leaves behind.
    async fn crash(self) -> Self {
        let copy = TempDir::new().unwrap();
        copy_files(self.dir.path(), copy.path());
        Self::open(copy)
    }

    async fn compact(&self) {
        self.log.trim().await.unwrap();
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
