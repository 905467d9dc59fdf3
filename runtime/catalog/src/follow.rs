//! Follows the series of revisions: asks for the next number, and keeps the last good catalog when the store is away
//! or a revision is damaged.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use wasmill_job::Revision;

use crate::ticks::Ticks;
use crate::{ArtifactStore, Catalog, LastGood, StoreError};

/// A catalog that is kept up to date. Cheap to clone; the following ends when the last clone and the last receiver
/// are gone.
#[derive(Clone, Debug)]
pub struct Following {
    catalog: watch::Receiver<Arc<Catalog>>,
    nudge: Arc<Notify>,
}

/// Reads the newest good revision and follows the ones after it, asking every `every`. Must be called inside a tokio
/// runtime.
///
/// Each good revision is kept in `last`, too. Where the store is away at the start, or has no revision as new as that one,
/// because it was emptied or put back, the kept one is in force until a newer one can be read.
///
/// # Errors
/// When nothing is kept and the store is away at the start, or holds revisions of which none can be read: a process that
/// began with an empty catalog would refuse every job.
pub async fn follow(
    store: ArtifactStore,
    every: Duration,
    last: Option<LastGood>,
) -> Result<Following, StoreError> {
    let mut follower = Follower::start(store, last).await?;
    let (sender, catalog) = watch::channel(follower.good.clone());
    let nudge = Arc::new(Notify::new());
    let mut ticks = Ticks::every(every, Arc::clone(&nudge));
    tokio::spawn(async move {
        while ticks.next(&sender).await {
            if follower.advance().await {
                sender.send_replace(follower.good.clone());
            }
        }
    });
    Ok(Following { catalog, nudge })
}

impl Following {
    /// The catalog, as it is now and as it will change.
    pub fn receiver(&self) -> watch::Receiver<Arc<Catalog>> {
        self.catalog.clone()
    }

    /// The catalog as it is now.
    pub fn current(&self) -> Arc<Catalog> {
        self.catalog.borrow().clone()
    }

    /// Asks for the next revision at once: for the process that has just written one.
    pub fn notify(&self) {
        self.nudge.notify_one();
    }
}

/// Where the following stands.
struct Follower {
    store: ArtifactStore,
    last: Option<LastGood>,
    good: Arc<Catalog>,
    /// The newest revision known to exist; above `good` while that one cannot be read.
    seen: Revision,
    /// What was logged last: a trouble is told once, not every second.
    trouble: Option<String>,
}

impl Follower {
    async fn start(store: ArtifactStore, last: Option<LastGood>) -> Result<Self, StoreError> {
        let kept = last.as_ref().and_then(LastGood::read).unwrap_or_default();
        let good = Arc::new(kept);
        let mut follower = Self { store, last, seen: good.revision, good, trouble: None };
        match follower.begin().await {
            Err(error) if follower.good.revision == Revision(0) => return Err(error),
            Err(error) => follower.tell(&error),
            Ok(()) => {}
        }
        follower.publish();
        Ok(follower)
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        let newest = self.store.latest_number().await?;
        if newest < self.good.revision {
            tracing::error!(
                keeping = %self.good.revision, %newest,
                "the artifact store has lost revisions, or is another one; the last one that this process knew stays in force"
            );
            return Ok(());
        }
        self.seen = newest;
        if newest > self.good.revision { self.read_newest().await } else { Ok(()) }
    }

    /// Puts the good revision where others look for it.
    fn publish(&self) {
        // Exact up to 2^53.
        metrics::gauge!("wasmill_catalog_revision").set(self.good.revision.0 as f64);
        if let Some(last) = self.last.as_ref().filter(|_| self.good.revision > Revision(0)) {
            last.keep(&self.good);
        }
    }

    /// Takes up what is new; whether there was something.
    async fn advance(&mut self) -> bool {
        let before = self.good.revision;
        match self.look().await {
            Ok(()) if self.good.revision == self.seen && self.trouble.take().is_some() => {
                tracing::info!(revision = self.good.revision.0, "the catalog can be followed again");
            }
            Ok(()) => {}
            Err(error) => self.tell(&error),
        }
        if self.good.revision == before {
            return false;
        }
        tracing::info!(revision = self.good.revision.0, message = self.good.message, "new catalog revision");
        self.publish();
        true
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        while self.store.has_revision(Revision(self.seen.0 + 1)).await? {
            self.seen.0 += 1;
        }
        // A revision that was damaged is tried again: somebody may have restored it.
        if self.seen > self.good.revision { self.read_newest().await } else { Ok(()) }
    }

    /// Reads the newest revision that is good, from the newest down. An error when the newest was not good and there
    /// is nothing to keep, or the store is away.
    async fn read_newest(&mut self) -> Result<(), StoreError> {
        let mut newest_error = None;
        for number in (self.good.revision.0 + 1..=self.seen.0).rev().map(Revision) {
            match self.store.revision(number).await {
                Ok(catalog) => {
                    self.good = Arc::new(catalog);
                    break;
                }
                Err(error) if error.is_away() => return Err(error),
                // Moved away since it was seen: its number is free again.
                Err(StoreError::NoRevision(_)) if number == self.seen => self.seen.0 -= 1,
                Err(error) => newest_error = newest_error.or(Some(error)),
            }
        }
        match newest_error {
            Some(error) if self.good.revision == Revision(0) => Err(error),
            Some(error) => {
                self.tell(&error);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn tell(&mut self, error: &StoreError) {
        let trouble = error.to_string();
        if self.trouble.as_ref() != Some(&trouble) {
            tracing::error!(keeping = self.good.revision.0, "the catalog cannot be followed: {trouble}");
            self.trouble = Some(trouble);
        }
    }
}

#[cfg(test)]
mod tests;
