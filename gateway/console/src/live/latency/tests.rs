//! What came since the look before: of workers that come, go, are silent, and tell older things.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use wasmill_job::{JobType, Revision, UnixMs};
use wasmill_queue::{Latencies, WorkerId, WorkerReport};

use super::Told;

fn name(text: &str) -> JobType {
    text.parse().unwrap()
}

/// A worker that has run so many jobs of each type, each in 100 µs.
fn report(worker: u64, started: u64, told: u64, ran: &[(&str, u64)]) -> WorkerReport {
    let times = |count| {
        let mut times = Latencies::default();
        (0..count).for_each(|_| times.run_us.record(100));
        times
    };
    WorkerReport {
        worker: WorkerId(worker),
        host: "mill".into(),
        pid: 1,
        version: "1".into(),
        started_at: UnixMs(started),
        told_at: UnixMs(told),
        revision: Revision(1),
        slots: 1,
        held: 0,
        is_draining: false,
        running: Vec::new(),
        running_more: 0,
        latencies: ran.iter().map(|(of, count)| (name(of), times(*count))).collect(),
        ended: Vec::new(),
    }
}

fn counts(came: BTreeMap<JobType, Latencies>) -> Vec<(String, u64)> {
    came.into_iter().map(|(name, times)| (name.to_string(), times.run_us.count())).collect()
}

/// Looks at these moments, and says what came in the last of them.
fn last(looks: Vec<(u64, Vec<WorkerReport>)>) -> Vec<(String, u64)> {
    let mut told = Told::default();
    let mut came = BTreeMap::new();
    for (now, reports) in looks {
        came = told.since(UnixMs(now), reports);
    }
    counts(came)
}

fn hello(count: u64) -> Vec<(String, u64)> {
    if count == 0 { Vec::new() } else { vec![("hello".into(), count)] }
}

#[test]
fn what_came_is_the_difference_over_all_workers() {
    let of = |ran: u64, told: u64| {
        vec![report(1, 0, told, &[("hello", ran)]), report(2, 0, told, &[("hello", 10 * ran)])]
    };
    assert_eq!(last(vec![(50_000, of(1, 50_000)), (51_000, of(3, 51_000))]), hello(22));
    assert_eq!(last(vec![(50_000, of(3, 50_000)), (51_000, of(3, 51_000))]), hello(0));
}

#[test]
fn the_first_report_of_an_older_worker_counts_nothing() {
    let seen = |now| (now, vec![report(1, 0, now, &[("hello", 5)])]);
    assert_eq!(last(vec![seen(90_000)]), hello(0), "nothing was looked at before");
    assert_eq!(last(vec![(90_000, Vec::new()), seen(91_000)]), hello(0));
    // A type that it did not run lately when it was seen first is not known, either.
    let (quiet, ran) = (report(1, 0, 91_000, &[]), report(1, 0, 92_000, &[("hello", 5)]));
    assert_eq!(last(vec![(90_000, Vec::new()), (91_000, vec![quiet]), (92_000, vec![ran])]), hello(0));
}

#[test]
fn a_worker_that_has_just_started_counts_at_once() {
    // Its clock is hours ahead.
    let new = |told: u64, ran: &[(&str, u64)]| vec![report(1, 9_000_000, 9_000_000 + told, ran)];
    let first = (51_000, new(800, &[("hello", 5)]));
    assert_eq!(last(vec![(50_000, Vec::new()), first.clone()]), hello(5));
    let more = (60_000, new(9_800, &[("hello", 5), ("other", 2)]));
    assert_eq!(last(vec![(50_000, Vec::new()), first, more]), [("other".into(), 2)]);
}

#[test]
fn a_worker_in_its_first_minute_counts_at_once() {
    // All that it has run it tells, and all of that is of the last minute.
    assert_eq!(last(vec![(70_000, vec![report(1, 10_001, 70_000, &[("hello", 5)])])]), hello(5));
}

#[test]
fn a_type_that_comes_back_is_compared_with_what_was_told_of_it() {
    let looks = vec![
        (50_000, vec![report(1, 0, 50_000, &[("hello", 5)])]),
        (51_000, vec![report(1, 0, 51_000, &[])]),
        (52_000, Vec::new()),
        (53_000, vec![report(1, 0, 53_000, &[("hello", 6)])]),
    ];
    assert_eq!(last(looks), hello(1));
}

#[test]
fn an_older_report_is_passed_over() {
    let seen = |now, ran| (now, vec![report(1, 0, now, &[("hello", ran)])]);
    assert_eq!(last(vec![seen(50_000, 5), seen(51_000, 3)]), hello(0));
    assert_eq!(last(vec![seen(50_000, 5), seen(51_000, 3), seen(52_000, 6)]), hello(1));
}

#[test]
fn who_is_gone_is_forgotten() {
    let mut told = Told::default();
    told.since(UnixMs(1_000), vec![report(1, 0, 1_000, &[("hello", 5)])]);
    told.since(UnixMs(500_000), Vec::new());
    assert_eq!(told.workers.len(), 1);
    told.since(UnixMs(601_000), Vec::new());
    assert!(told.workers.is_empty());
}
