//! The thread wakes by itself when a job falls due or a lease runs out, and says when it is closed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use wasmill_job::{Clock, Failure, FailureCode, SystemClock, UnixMs, Verdict};
use wasmill_queue::{EmbeddedConfig, EmbeddedQueue, Queue, QueueError, Take};

use super::support::{open, open_by, push, settled, take, take_of};

const LONG: Duration = Duration::from_secs(30);
/// A pause, or a lease.
const SHORT: Duration = Duration::from_millis(150);

/// A clock that stands until it is turned.
struct Standing(AtomicU64);

impl Clock for Standing {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// A queue whose clock stands.
async fn standing(folder: &Path) -> (EmbeddedQueue, Arc<Standing>) {
    let clock = Arc::new(Standing(AtomicU64::new(SystemClock.now().0)));
    let config = EmbeddedConfig::new(folder.join("queue"));
    (open_by(config, Arc::clone(&clock) as Arc<dyn Clock>).await.0, clock)
}

/// Lets the short while go by without a word to the queue: that it is over, its thread has to see for itself.
async fn woken_after_a_while(queue: &EmbeddedQueue, clock: &Standing) {
    assert!(take(queue, 1).await.is_empty());
    clock.0.fetch_add(u64::try_from(SHORT.as_millis()).unwrap(), Ordering::SeqCst);
    timeout(LONG / 2, queue.ready(LONG)).await.expect("it wakes by itself");
    assert_eq!(take(queue, 1).await[0].attempt.0, 2);
}

#[tokio::test]
async fn a_job_fallen_due_wakes_the_sleeper() {
    let dir = TempDir::new().unwrap();
    let (queue, clock) = standing(dir.path()).await;
    push(&queue, 1).await;
    let claims = take(&queue, 1).await;
    let failure = Failure::new(FailureCode::Retry, "later");
    queue.settle(settled(claims, &Verdict::Retry { pause: SHORT, failure })).await.unwrap();
    woken_after_a_while(&queue, &clock).await;
}

#[tokio::test]
async fn a_lease_that_ran_out_wakes_the_sleeper() {
    let dir = TempDir::new().unwrap();
    let (queue, clock) = standing(dir.path()).await;
    push(&queue, 1).await;
    let lost = queue.take(Take { lease: SHORT, ..take_of(1) }).await.unwrap();
    assert_eq!(lost.len(), 1);
    woken_after_a_while(&queue, &clock).await;
}

#[tokio::test]
async fn a_closed_queue_says_so_and_closes_once() {
    let dir = TempDir::new().unwrap();
    let (queue, _) = open(dir.path()).await;
    let other = queue.clone();
    other.close().await;
    queue.close().await;
    assert_eq!(queue.counts().await, Err(QueueError::Closed));
    assert!(queue.check().await.is_err());
    timeout(LONG, queue.ready(Duration::from_millis(10))).await.unwrap();
}
