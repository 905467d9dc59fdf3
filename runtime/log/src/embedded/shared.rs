//! What readers, the writer and the keeper share: the open store, and what is known in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::LogConfig;
use super::partitions::Partitions;
use super::recent::Recent;
use super::store::{Loaded, Store, StoreError};
use crate::ReadError;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: LogConfig,
    pub(super) partitions: Partitions,
    pub(super) recent: Recent,
    store: RwLock<Slot>,
    closed: AtomicBool,
}

/// The store, or why there is none.
#[derive(Debug)]
pub(super) enum Slot {
    Open(Store),
    /// It failed, and could not be opened again yet. The writer tries on.
    Down(Down),
    Closed,
}

/// Why the store is down.
#[derive(Clone, Debug)]
pub(super) enum Down {
    NoSpace(String),
    Damaged(String),
    Other(String),
}

impl Shared {
    pub(super) fn new(config: LogConfig, store: Store, loaded: Loaded) -> Self {
        let shared = Self {
            config,
            partitions: Partitions::default(),
            recent: Recent::default(),
            store: RwLock::new(Slot::Open(store)),
            closed: AtomicBool::new(false),
        };
        shared.publish(loaded);
        shared
    }

    /// Shows what a freshly opened store holds.
    pub(super) fn publish(&self, loaded: Loaded) {
        for (of, (extent, progress)) in loaded.partitions {
            let partition = self.partitions.entry(&of);
            if let Some(extent) = extent {
                partition.publish_extent(extent);
            }
            if let Some(progress) = progress {
                partition.publish_progress(progress);
            }
        }
    }

    /// Works on the open store. Blocks while the writer opens it again.
    pub(super) fn with_store<T>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<T, Unusable> {
        match &*self.store.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Open(store) => work(store).map_err(Unusable::Failed),
            Slot::Down(down) => Err(Unusable::Down(down.clone())),
            Slot::Closed => Err(Unusable::Closed),
        }
    }

    /// Puts another store in place, or none, and keeps everybody out meanwhile.
    pub(super) fn replace(&self, with: impl FnOnce(Slot) -> Slot) {
        let mut slot = self.store.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *slot, Slot::Closed);
        *slot = with(old);
    }

    /// From now on nothing new is accepted, and nobody waits for records any more.
    pub(super) fn begin_close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.partitions.wake_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// Why there was no answer from the store.
#[derive(Debug)]
pub(super) enum Unusable {
    Failed(StoreError),
    Down(Down),
    Closed,
}

impl Unusable {
    /// The same for a reader who has asked for `asked`.
    pub(super) fn into_read_error(self, path: &std::path::Path, asked: &wasmill_job::Position) -> ReadError {
        let path = path.display().to_string();
        match self {
            Self::Closed => ReadError::Closed,
            Self::Failed(StoreError::Gone { first }) => {
                ReadError::Gone { of: asked.topic_partition(), asked: asked.offset, first }
            }
            Self::Failed(StoreError::Damaged(detail)) | Self::Down(Down::Damaged(detail)) => {
                ReadError::Corrupt { path, detail }
            }
            Self::Failed(error) => ReadError::Unavailable { reason: error.to_string() },
            Self::Down(Down::NoSpace(reason) | Down::Other(reason)) => ReadError::Unavailable { reason },
        }
    }
}

impl From<StoreError> for Down {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSpace(error) => Self::NoSpace(error.to_string()),
            StoreError::Damaged(detail) => Self::Damaged(detail),
            StoreError::Gone { .. } | StoreError::Other(_) => Self::Other(error.to_string()),
        }
    }
}
