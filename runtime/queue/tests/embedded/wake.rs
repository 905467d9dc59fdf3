//! The thread wakes by itself when a job falls due or a lease runs out, and says when it is closed.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use wasmill_job::{Failure, FailureCode, Verdict};
use wasmill_queue::{Queue, QueueError, Take};

use super::support::{open, push, settled, take, take_of};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_job_fallen_due_wakes_the_sleeper() {
    let dir = TempDir::new().unwrap();
    let (queue, _) = open(dir.path()).await;
    push(&queue, 1).await;
    let claims = take(&queue, 1).await;
    let failure = Failure::new(FailureCode::Retry, "later");
    queue
        .settle(settled(claims, &Verdict::Retry { pause: Duration::from_millis(150), failure }))
        .await
        .unwrap();
    assert!(take(&queue, 1).await.is_empty());
    timeout(LONG / 2, queue.ready(LONG)).await.expect("it fell due");
    assert_eq!(take(&queue, 1).await[0].attempt.0, 2);
}

#[tokio::test]
async fn a_lease_that_ran_out_wakes_the_sleeper() {
    let dir = TempDir::new().unwrap();
    let (queue, _) = open(dir.path()).await;
    push(&queue, 1).await;
    let lost = queue.take(Take { lease: Duration::from_millis(150), ..take_of(1) }).await.unwrap();
    assert_eq!(lost.len(), 1);
    assert!(take(&queue, 1).await.is_empty());
    timeout(LONG / 2, queue.ready(LONG)).await.expect("the lease ran out");
    assert_eq!(take(&queue, 1).await[0].attempt.0, 2);
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
