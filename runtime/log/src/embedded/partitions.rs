//! What the log knows in memory about each partition, so that bounds, progress and arrivals never touch the disk.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;
use wasmill_job::{Offset, Progress, TopicPartition};

use crate::Bounds;

/// All partitions.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    by_name: RwLock<HashMap<TopicPartition, Arc<PartitionState>>>,
    /// Told when something is stored of a partition of which nothing was.
    stored: Arc<watch::Sender<()>>,
}

/// One partition. Readers look, only the writer publishes.
#[derive(Debug)]
pub(super) struct PartitionState {
    known: RwLock<Known>,
    /// The next offset, for those who wait. `u64::MAX` once the log is closed.
    next: watch::Sender<u64>,
    stored: Arc<watch::Sender<()>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// `None` until something is stored.
    extent: Option<Extent>,
    progress: Option<Progress>,
}

/// Where a partition begins and ends, and what it takes on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) bounds: Bounds,
    /// Disk space of its chunks in bytes; never too low.
    pub(super) bytes: u64,
}

impl Partitions {
    /// The partition, made in memory if nobody has asked for it yet.
    pub(super) fn entry(&self, of: &TopicPartition) -> Arc<PartitionState> {
        if let Some(partition) = self.get(of) {
            return partition;
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(PartitionState::new(Arc::clone(&self.stored)));
        Arc::clone(by_name.entry(of.clone()).or_insert_with(new))
    }

    pub(super) fn get(&self, of: &TopicPartition) -> Option<Arc<PartitionState>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(of).cloned()
    }

    /// Those of which something is stored, in order.
    pub(super) fn stored(&self) -> Vec<(TopicPartition, Arc<PartitionState>)> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let mut stored: Vec<_> = by_name
            .iter()
            .filter(|(_, partition)| partition.is_stored())
            .map(|(of, partition)| (of.clone(), Arc::clone(partition)))
            .collect();
        stored.sort_by(|(a, _), (b, _)| a.cmp(b));
        stored
    }

    /// Changes when there is something more in [`Partitions::stored`], and when the log is closed.
    pub(super) fn stored_changes(&self) -> watch::Receiver<()> {
        self.stored.subscribe()
    }

    /// Lets everybody who waits go: the log is closed.
    pub(super) fn wake_all(&self) {
        for partition in self.by_name.read().unwrap_or_else(PoisonError::into_inner).values() {
            partition.next.send_replace(u64::MAX);
        }
        self.stored.send_replace(());
    }
}

impl PartitionState {
    fn new(stored: Arc<watch::Sender<()>>) -> Self {
        Self { known: RwLock::default(), next: watch::Sender::new(0), stored }
    }

    pub(super) fn extent(&self) -> Extent {
        self.read(|known| known.extent.unwrap_or_default())
    }

    /// What was committed last; `None` when nothing was.
    pub(super) fn progress(&self) -> Option<Progress> {
        self.read(|known| known.progress.clone())
    }

    /// The epoch of what was committed last.
    pub(super) fn epoch(&self) -> u64 {
        self.read(|known| known.progress.as_ref().map_or(0, |progress| progress.epoch))
    }

    /// The committed floor; `None` when nothing was committed.
    pub(super) fn floor(&self) -> Option<Offset> {
        self.read(|known| known.progress.as_ref().map(|progress| progress.floor))
    }

    fn is_stored(&self) -> bool {
        self.read(|known| known.extent.is_some() || known.progress.is_some())
    }

    /// Shows a new extent, and wakes those who wait for what is in it.
    pub(super) fn publish_extent(&self, extent: Extent) {
        self.publish(|known| known.extent = Some(extent));
        self.next.send_if_modified(|next| {
            let grew = *next < extent.bounds.next.0;
            *next = (*next).max(extent.bounds.next.0);
            grew
        });
    }

    pub(super) fn publish_progress(&self, progress: Progress) {
        self.publish(|known| known.progress = Some(progress));
    }

    fn publish(&self, change: impl FnOnce(&mut Known)) {
        let was_stored = self.is_stored();
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
        if !was_stored {
            self.stored.send_replace(());
        }
    }

    /// Resolves when a record at or after `offset` may be there, or the log is closed.
    pub(super) async fn arrived(&self, offset: Offset) {
        // An error means that the sender is gone, and it lives in `self`.
        let _ = self.next.subscribe().wait_for(|next| *next > offset.0).await;
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}
