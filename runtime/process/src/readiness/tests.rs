//! Unit tests of `readiness`.

use super::*;

fn waiting(parts: &[&str]) -> Standing {
    Standing::Waiting(parts.iter().map(|&part| part.to_owned()).collect())
}

#[test]
fn ready_when_every_latch_is_released() {
    let readiness = Readiness::new();
    let (log, queue) = (readiness.latch("log"), readiness.latch("queue"));
    assert_eq!(readiness.standing(), waiting(&["log", "queue"]));
    assert_eq!(readiness.standing().to_string(), "waiting for log, queue");
    log.release();
    assert_eq!(readiness.standing(), waiting(&["queue"]));
    queue.release();
    assert_eq!(readiness.standing(), Standing::Ready);
}

#[test]
fn a_part_that_failed_to_start_is_not_ready() {
    let readiness = Readiness::new();
    drop(readiness.latch("log"));
    assert_eq!(readiness.standing(), waiting(&["log"]));
}

#[test]
fn two_parts_of_one_name_have_two_latches() {
    let readiness = Readiness::new();
    let (first, second) = (readiness.latch("worker"), readiness.latch("worker"));
    first.release();
    assert_eq!(readiness.standing(), waiting(&["worker"]));
    second.release();
    assert_eq!(readiness.standing(), Standing::Ready);
}

#[test]
fn a_part_can_say_why_it_is_not_ready() {
    let readiness = Readiness::new();
    let (redis, gateway) = (readiness.latch("redis"), readiness.latch("gateway"));
    redis.because("connection refused");
    assert_eq!(readiness.standing(), waiting(&["redis: connection refused", "gateway"]));
    redis.because("it is loading");
    assert_eq!(readiness.standing().to_string(), "waiting for redis: it is loading, gateway");
    redis.release();
    gateway.release();
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
