//! Looks become minutes; gaps and clocks that jump make no minutes of their own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmill_job::{JobType, UnixMs};
use wasmill_queue::{Counts, Latencies};

use super::{Closed, Collector, Look};
use crate::live::Flow;

fn name(text: &str) -> JobType {
    text.parse().unwrap()
}

/// Looks at these seconds, with one job accepted and run before each, and so many pending; the minutes that were over by then.
fn looks(seconds: &[(u64, u64)]) -> Vec<Closed> {
    let flows = BTreeMap::from([(name("a"), Flow { accepted: 1, completed: 1, ..Flow::default() })]);
    let mut ran = Latencies::default();
    ran.run_us.record(700);
    let times = BTreeMap::from([(name("a"), ran)]);
    let mut collector = Collector::default();
    let mut closed = Vec::new();
    for (second, pending) in seconds {
        let counts = Counts { pending: *pending, ..Counts::default() };
        let counts = Arc::new(BTreeMap::from([(name("a"), counts), (name("b"), Counts::default())]));
        let look = Look { now: UnixMs(second * 1_000), flows: &flows, times: &times, counts: &counts };
        closed.extend(collector.note(&look));
    }
    closed.extend(collector.close());
    assert_eq!(collector.close(), None);
    closed
}

#[test]
fn a_minute_sums_its_looks() {
    let closed = looks(&[(0, 5), (30, 4), (59, 3), (60, 2)]);
    let told: Vec<_> =
        closed.iter().map(|one| (one.minute.0, one.mill.flow.accepted, one.mill.pending)).collect();
    assert_eq!(told, [(0, 3, 3), (1, 1, 2)]);
    assert_eq!(closed[0].types.keys().collect::<Vec<_>>(), [&name("a")], "nothing is told of an idle type");
    assert_eq!(closed[0].types[&name("a")], closed[0].mill);
    assert!((700..800).contains(&closed[0].mill.times.run.unwrap().p99), "{closed:?}");
    assert_eq!(closed[0].mill.times.wait, None);
}

#[test]
fn minutes_without_a_look_are_not_told() {
    let minutes: Vec<_> = looks(&[(10, 0), (620, 0)]).iter().map(|one| one.minute.0).collect();
    assert_eq!(minutes, [0, 10]);
}

#[test]
fn a_clock_that_goes_back_gives_the_earlier_minute() {
    let minutes: Vec<_> =
        looks(&[(130, 0), (119, 0), (121, 0), (0, 0)]).iter().map(|one| one.minute.0).collect();
    assert_eq!(minutes, [2, 1, 2, 0]);
    assert!(looks(&[]).is_empty());
}
