//! Unit tests of `drain`.

#![allow(clippy::unwrap_used)]
use std::sync::{Arc, Mutex};

use super::*;

const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn parts_stop_in_order_each_when_the_one_before_has() {
    let stopped = Arc::new(Mutex::new(Vec::new()));
    let mut drain = Drain::new();
    // The first takes longest: the others must wait for it.
    for (name, takes) in [("gateway", 3), ("worker", 2), ("relay", 1)] {
        let part = drain.part(name, GRACE);
        let (token, stopped) = (part.token(), Arc::clone(&stopped));
        part.keep(async move {
            token.cancelled().await;
            tokio::time::sleep(Duration::from_secs(takes)).await;
            stopped.lock().unwrap().push(name);
        });
    }
    assert_eq!(drain.run().await, Ok(()));
    assert_eq!(*stopped.lock().unwrap(), ["gateway", "worker", "relay"]);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_does_not_stop_is_named_and_left_behind() {
    let mut drain = Drain::new();
    let stuck = drain.part("worker", GRACE);
    stuck.spawn(std::future::pending());
    let relay = drain.part("relay", GRACE);
    let token = relay.token();
    relay.keep(async move { token.cancelled().await });
    let began = tokio::time::Instant::now();
    let late = drain.run().await.unwrap_err();
    assert_eq!(late, Late(vec!["worker"]));
    assert_eq!(late.to_string(), "worker did not stop in time");
    assert_eq!(began.elapsed(), GRACE);
    assert!(relay.token().is_cancelled());
}

#[tokio::test]
async fn a_part_without_tasks_stops_at_once() {
    let mut drain = Drain::new();
    let part = drain.part("gateway", GRACE);
    assert_eq!((part.name(), drain.run().await), ("gateway", Ok(())));
}

#[tokio::test]
async fn a_kept_task_that_ends_or_panics_is_told() {
    let mut drain = Drain::default();
    let part = drain.part("relay", GRACE);
    part.spawn(async {});
    part.keep(async {});
    assert_eq!(drain.fallen().await, "relay");
    drain.part("worker", GRACE).keep(async { panic!("a panic that the test wants") });
    assert_eq!(drain.fallen().await, "worker");
    assert_eq!(drain.run().await, Ok(()));
}
