//! Unit tests of `readiness`.

use super::*;

#[test]
fn ready_when_every_latch_is_released() {
    let readiness = Readiness::new();
    let (log, queue) = (readiness.latch("log"), readiness.latch("queue"));
    assert_eq!(readiness.standing(), Standing::Waiting(vec!["log", "queue"]));
    assert_eq!(readiness.standing().to_string(), "waiting for log, queue");
    log.release();
    assert_eq!(readiness.standing(), Standing::Waiting(vec!["queue"]));
    queue.release();
    assert_eq!(readiness.standing(), Standing::Ready);
}

#[test]
fn a_part_that_failed_to_start_is_not_ready() {
    let readiness = Readiness::new();
    drop(readiness.latch("log"));
    assert_eq!(readiness.standing(), Standing::Waiting(vec!["log"]));
}

#[test]
fn two_parts_of_one_name_have_two_latches() {
    let readiness = Readiness::new();
    let (first, second) = (readiness.latch("worker"), readiness.latch("worker"));
    first.release();
    assert_eq!(readiness.standing(), Standing::Waiting(vec!["worker"]));
    second.release();
    assert_eq!(readiness.standing(), Standing::Ready);
}

#[test]
fn a_drain_says_no_for_good() {
    let readiness = Readiness::default();
    let late = readiness.latch("log");
    readiness.drain();
    late.release();
    assert_eq!(readiness.standing(), Standing::Draining);
}

#[tokio::test]
async fn readiness_can_be_waited_for() {
    let readiness = Readiness::new();
    let latch = readiness.latch("log");
    let waiting = tokio::spawn({
        let readiness = readiness.clone();
        async move { readiness.ready().await }
    });
    latch.release();
    assert!(waiting.await.is_ok());
}
