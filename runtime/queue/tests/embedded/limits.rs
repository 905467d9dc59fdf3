//! Bounds: what does not fit waits in the log, and results make room for newer ones.

use tempfile::TempDir;
use wasmill_queue::{EmbeddedConfig, Pushed, Queue};

use super::support::{assert_sound, complete_all, id_at, open_with, push_of, resume};

#[tokio::test]
async fn a_full_queue_refuses_jobs_and_keeps_draining() {
    let dir = TempDir::new().unwrap();
    let config = EmbeddedConfig { jobs_max: 1_000, ..EmbeddedConfig::new(dir.path().join("queue")) };
    let (queue, _) = open_with(config).await;
    let mut from = resume(&queue).await;
    while let Pushed::Applied { .. } = queue.push(push_of(from, 300, 10)).await.unwrap() {
        from.0 += 300;
    }
    assert_eq!(from.0, 1_200, "the batch that reaches the bound is the last");
    assert_eq!(queue.push(push_of(from, 1, 10)).await.unwrap(), Pushed::Full);
    assert_eq!(queue.push(push_of(from, 0, 10)).await.unwrap(), Pushed::whole());
    assert_eq!(complete_all(&queue).await.len(), 1_200);
    assert_eq!(queue.push(push_of(from, 1, 10)).await.unwrap(), Pushed::whole());
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let dir = TempDir::new().unwrap();
    let config = EmbeddedConfig { bytes_max: 1 << 20, ..EmbeddedConfig::new(dir.path().join("queue")) };
    let (queue, _) = open_with(config).await;
    let from = resume(&queue).await;
    assert!(matches!(queue.push(push_of(from, 2, 600_000)).await.unwrap(), Pushed::Applied { .. }));
    assert_eq!(queue.push(push_of(wasmill_job::Offset(2), 1, 1)).await.unwrap(), Pushed::Full);
    assert_eq!(complete_all(&queue).await.len(), 2);
    assert!(queue.job(id_at(0)).await.unwrap().is_some());
    assert_sound(&queue).await;
}
