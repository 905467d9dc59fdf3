//! What can go wrong below the wall, in the few kinds that make a difference above it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmill_job::Offset;

use crate::embedded::chunk::Damage;

/// Why the engine did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(in crate::embedded) enum StoreError {
    #[error("no space left: {0}")]
    NoSpace(io::Error),
    #[error("{0}")]
    Damaged(String),
    #[error("the partition begins at offset {first}")]
    Gone { first: Offset },
    #[error("{0}")]
    Other(String),
}

/// Runs `work` so that a panic of the engine, which damage on the disk can provoke, is an error like others.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // The engine's state is not trusted afterwards: the writer closes and reopens it.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(StoreError::Damaged(format!("the engine gave up: {what}")))
    })
}

impl StoreError {
    pub(super) fn damaged(damage: Damage, name: &str, partition: u32, first: u64) -> Self {
        Self::Damaged(format!("chunk {name}/{partition}/{first}: {damage}"))
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        use io::ErrorKind::{InvalidData, QuotaExceeded, StorageFull, UnexpectedEof};
        match error {
            redb::Error::Corrupted(detail) => Self::Damaged(detail),
            redb::Error::Io(error) => match error.kind() {
                StorageFull | QuotaExceeded => Self::NoSpace(error),
                InvalidData | UnexpectedEof => Self::Damaged(error.to_string()),
                _ => Self::Other(error.to_string()),
            },
            // A table that every log has, missing or of another type.
            error @ (redb::Error::TableDoesNotExist(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::UpgradeRequired(_)) => Self::Damaged(error.to_string()),
            error => Self::Other(error.to_string()),
        }
    }
}

macro_rules! from_the_engine {
    ($($kind:ty),*) => {$(
        impl From<$kind> for StoreError {
            fn from(error: $kind) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}

from_the_engine!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);
