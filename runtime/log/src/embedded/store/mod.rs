//! The wall around redb: the only files that know it. One database, four tables, one transaction a group commit.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | `layout` u32, `identity` 16 bytes, `commits` u64 |
//! | `partitions` | topic, partition | first offset, next offset, disk space of its chunks |
//! | `chunks` | topic, partition, first offset | a chunk, see `chunk.rs` |
//! | `progress` | topic, partition | progress in wire format |

mod error;
mod file;
mod reading;
mod seeking;
mod writing;

use std::path::{Path, PathBuf};

use redb::{Database, TableDefinition};

pub(super) use error::StoreError;
pub(super) use reading::Loaded;
pub(super) use writing::Changes;

use super::LogIdentity;

/// The open database.
#[derive(Debug)]
pub(super) struct Store {
    db: Database,
    path: PathBuf,
    identity: LogIdentity,
}

const NAME: &str = "log.redb";

/// The layout this program writes, and the newest it reads.
const LAYOUT: u32 = 1;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const PARTITIONS: TableDefinition<(&str, u32), (u64, u64, u64)> = TableDefinition::new("partitions");
const CHUNKS: TableDefinition<(&str, u32, u64), &[u8]> = TableDefinition::new("chunks");
const PROGRESS: TableDefinition<(&str, u32), &[u8]> = TableDefinition::new("progress");

impl Store {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file of the log in `dir` stands.
    pub(super) fn path_in(dir: &Path) -> PathBuf {
        dir.join(NAME)
    }

    pub(super) fn identity(&self) -> LogIdentity {
        self.identity
    }
}

#[cfg(test)]
mod tests;
