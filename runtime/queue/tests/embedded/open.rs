//! Opening: nothing there, something there, somebody else's, in use.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use wasmill_job::SystemClock;
use wasmill_queue::{EmbeddedConfig, EmbeddedQueue, OpenError, Opening, Queue};

use super::support::{LOG, complete_all, lane, open, push, resume};

#[tokio::test]
async fn a_new_folder_is_begun_and_an_old_one_goes_on() {
    let dir = TempDir::new().unwrap();
    let (queue, opening) = open(dir.path()).await;
    assert_eq!(opening, Opening::Begun);
    push(&queue, 100).await;
    queue.close().await;
    let (queue, opening) = open(dir.path()).await;
    assert_eq!(opening, Opening::Opened { jobs: 100 });
    queue.close().await;
}

#[tokio::test]
async fn a_deleted_folder_is_begun_anew_and_filled_from_the_log() {
    let dir = TempDir::new().unwrap();
    let (queue, _) = open(dir.path()).await;
    push(&queue, 100).await;
    queue.close().await;
    fs::remove_dir_all(dir.path().join("queue")).unwrap();
    let (queue, opening) = open(dir.path()).await;
    assert_eq!(opening, Opening::Begun);
    push(&queue, 100).await;
    assert_eq!(complete_all(&queue).await, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_queue_of_another_log_is_set_aside() {
    let dir = TempDir::new().unwrap();
    let (queue, _) = open(dir.path()).await;
    push(&queue, 10).await;
    queue.close().await;
    let config = EmbeddedConfig::new(dir.path().join("queue"));
    let (queue, opening) = EmbeddedQueue::open(config, LOG + 1, Arc::new(SystemClock)).await.unwrap();
    let Opening::Rebuilt { reason, set_aside: Some(aside) } = opening else { panic!("{opening:?}") };
    assert!(reason.contains("belongs to log"), "{reason}");
    assert!(aside.join("db").exists(), "somebody may want to look at it");
    assert_eq!(resume(&queue).await.0, 0);
    assert_eq!(queue.counts().await.unwrap().len(), 0);
}

#[tokio::test]
async fn only_the_newest_two_are_kept_aside() {
    let dir = TempDir::new().unwrap();
    for log in 0..5 {
        let config = EmbeddedConfig::new(dir.path().join("queue"));
        let (queue, _) = EmbeddedQueue::open(config, log, Arc::new(SystemClock)).await.unwrap();
        queue.close().await;
    }
    let names =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("queue.damaged-")).count(), 2);
}

#[tokio::test]
async fn a_folder_in_use_is_refused_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let (queue, _) = open(dir.path()).await;
    push(&queue, 10).await;
    let config = EmbeddedConfig::new(dir.path().join("queue"));
    let second = EmbeddedQueue::open(config, LOG, Arc::new(SystemClock)).await;
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    assert_eq!(complete_all(&queue).await.len(), 10);
    assert_eq!(queue.progress(&lane()).await.unwrap().floor.0, 10);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_says_so() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), b"not a folder").unwrap();
    let config = EmbeddedConfig::new(dir.path().join("file/queue"));
    let refused = EmbeddedQueue::open(config, LOG, Arc::new(SystemClock)).await.err().unwrap();
    assert!(refused.to_string().contains("cannot be prepared"), "{refused}");
}
