//! Following what ended, over several workers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use wasmill_job::{Attempt, Generation, IdSource, Partition, Revision};

use super::*;

const A: u64 = 0xaaaa_aaaa_0000_0000;
const B: u64 = 0xbbbb_bbbb_0000_0000;

/// A worker that tells of these attempts: number, when, and of which type.
fn worker(id: u64, told: &[(u64, u64, &str)]) -> WorkerReport {
    let ended = |(number, at, job_type): &(u64, u64, &str)| Ended {
        number: *number,
        at: UnixMs(*at),
        id: IdSource::default().next(UnixMs(1), *number, Generation(0), Partition(0)),
        job_type: job_type.parse().unwrap(),
        attempt: Attempt(1),
        module: None,
        result: "done".into(),
        run_us: 1,
    };
    WorkerReport {
        worker: WorkerId(id),
        host: "mill".into(),
        pid: 1,
        version: "0.1.0".into(),
        started_at: UnixMs(1),
        told_at: UnixMs(1),
        revision: Revision(1),
        slots: 1,
        held: 0,
        is_draining: false,
        running: Vec::new(),
        running_more: 0,
        latencies: BTreeMap::new(),
        ended: told.iter().map(ended).collect(),
    }
}

fn shown(found: &Found<'_>) -> Vec<(u64, u64)> {
    found.attempts.iter().map(|(worker, ended)| (worker.0, ended.number)).collect()
}

fn all(_: &Ended) -> bool {
    true
}

#[test]
fn the_newest_are_told_the_oldest_first_and_then_what_is_new() {
    let before = [worker(A, &[(4, 10, "x"), (5, 30, "x")]), worker(B, &[(1, 20, "x")])];
    let found = newest(&before, 2, all);
    assert_eq!((shown(&found), found.missed), (vec![(B, 1), (A, 5)], 0));
    let again = follow(&before, found.next.clone(), 10, all);
    assert_eq!((shown(&again), &again.next), (vec![], &found.next), "nothing is new");

    let now = [worker(A, &[(5, 30, "x"), (6, 40, "x")]), worker(B, &[(1, 20, "x"), (2, 35, "x")])];
    let found = follow(&now, found.next, 10, all);
    assert_eq!((shown(&found), found.missed), (vec![(B, 2), (A, 6)], 0));
}

#[test]
fn many_are_told_over_several_answers_each_once() {
    let reports = [worker(A, &[(1, 10, "x"), (2, 20, "y"), (3, 50, "x")]), worker(B, &[(1, 30, "x")])];
    let mut after = Cursor::default();
    after.set(WorkerId(A), 0);
    after.set(WorkerId(B), 0);
    let of_x = |ended: &Ended| ended.job_type.as_str() == "x";
    let mut told = Vec::new();
    for _ in 0..4 {
        let found = follow(&reports, after, 1, of_x);
        told.push(shown(&found));
        after = found.next;
    }
    assert_eq!(told, [vec![(A, 1)], vec![(B, 1)], vec![(A, 3)], vec![]]);
}

#[test]
fn what_is_told_no_more_is_missed_and_counted_once() {
    let mut after = Cursor::default();
    after.set(WorkerId(A), 3);
    let reports = [worker(A, &[(10, 10, "x"), (11, 20, "x")]), worker(B, &[(7, 15, "x")])];
    // The first answer has no room for anything of the worker.
    let found = follow(&reports, after, 1, |ended| ended.number != 10);
    assert_eq!(
        (shown(&found), found.missed),
        (vec![(B, 7)], 6),
        "4 to 9; of a new worker nothing was missed"
    );
    let found = follow(&reports, found.next, 1, |ended| ended.number != 10);
    assert_eq!((shown(&found), found.missed), (vec![(A, 11)], 0));
}

#[test]
fn a_worker_that_is_gone_is_forgotten_and_one_that_has_told_nothing_is_not() {
    let mut after = Cursor::default();
    after.set(WorkerId(A), 3);
    let before = [worker(B, &[])];
    let found = follow(&before, after, 10, all);
    assert_eq!((found.next.of(WorkerId(A)), found.next.of(WorkerId(B))), (None, Some(0)));
    let now = [worker(B, &[(3, 5, "x")])];
    let found = follow(&now, found.next, 10, all);
    assert_eq!((shown(&found), found.missed), (vec![(B, 3)], 2));
}

#[test]
fn a_clock_that_goes_back_hides_nothing() {
    let reports = [worker(A, &[(1, 100, "x"), (2, 40, "x")]), worker(B, &[(1, 50, "x")])];
    let mut after = Cursor::default();
    after.set(WorkerId(A), 0);
    let found = follow(&reports, after, 2, all);
    assert_eq!(shown(&found), [(B, 1), (A, 1)]);
    assert_eq!(shown(&follow(&reports, found.next, 2, all)), [(A, 2)]);
}
