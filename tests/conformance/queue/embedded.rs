//! The suite on the embedded queue.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use wasmill_job::{Clock, UnixMs};
use wasmill_queue::{EmbeddedConfig, EmbeddedQueue, Opening};

use super::QueueUnderTest;

super::every_case!(super::Embedded);

#[test]
fn does_what_the_model_does() {
    super::model::run::<Embedded>();
}

/// An embedded queue in a folder of its own, with a clock that is turned by hand.
pub(crate) struct Embedded {
    queue: EmbeddedQueue,
    clock: Arc<TurnedClock>,
    folder: TempDir,
}

struct TurnedClock(AtomicU64);

impl Clock for TurnedClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

impl Embedded {
    async fn open(folder: TempDir, clock: Arc<TurnedClock>) -> (Self, Opening) {
        let config = EmbeddedConfig::new(folder.path().join("queue"));
        let (queue, opening) = EmbeddedQueue::open(config, 7, clock.clone()).await.unwrap();
        (Self { queue, clock, folder }, opening)
    }
}

impl QueueUnderTest for Embedded {
    type Queue = EmbeddedQueue;

    const CLAIMS_SURVIVE: bool = false;

    async fn fresh() -> Self {
        let clock = Arc::new(TurnedClock(AtomicU64::new(1_800_000_000_000)));
        Self::open(TempDir::new().unwrap(), clock).await.0
    }

    fn queue(&self) -> EmbeddedQueue {
        self.queue.clone()
    }

    fn now(&self) -> UnixMs {
        self.clock.now()
    }

    async fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    async fn restart(self) -> Self {
        self.queue.close().await;
        let (restarted, opening) = Self::open(self.folder, self.clock).await;
        assert!(matches!(opening, Opening::Opened { .. }), "{opening:?}");
        restarted
    }

    /// A copy of the files as they are now is what a killed process leaves behind.
    async fn crash(self, _lose: u32) -> Self {
        let copy = TempDir::new().unwrap();
        copy_folder(&self.folder.path().join("queue"), &copy.path().join("queue"));
        let (crashed, _) = Self::open(copy, self.clock).await;
        self.queue.close().await;
        crashed
    }

    async fn wipe(self) -> Self {
        self.queue.close().await;
        fs::remove_dir_all(self.folder.path().join("queue")).unwrap();
        Self::open(self.folder, self.clock).await.0
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
