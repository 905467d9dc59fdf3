//! What is told of attempts that run and that ended.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use wasmill_job::{Generation, IdSource, JobId, Mode, Partition, Path, Priority, Revision, Stamp};
use wasmill_queue::{Token, WorkerId};

use super::*;

fn id(number: u64) -> JobId {
    IdSource::default().next(UnixMs(1), number, Generation(0), Partition(0))
}

fn claim(number: u64) -> ClaimRef {
    ClaimRef { id: id(number), token: Token { worker: WorkerId(1), claim: number } }
}

fn running(number: u64, since: u64) -> Running {
    Running {
        id: id(number),
        job_type: "mail".parse().unwrap(),
        module: "mail@1.0.0".parse().unwrap(),
        attempt: Attempt(1),
        since: UnixMs(since),
    }
}

fn ended(number: u64, at: u64, run_us: u64) -> Ended {
    Ended {
        number: 0,
        at: UnixMs(at),
        id: id(number),
        job_type: "mail".parse().unwrap(),
        attempt: Attempt(1),
        module: Some("mail@1.0.0".parse().unwrap()),
        result: "done".into(),
        run_us,
    }
}

fn job(accepted_at: u64, run_at: Option<u64>, redrives: u32) -> Job {
    Job {
        id: id(1),
        job_type: "mail".parse().unwrap(),
        payload: Bytes::new(),
        accepted_at: UnixMs(accepted_at),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives,
        run_at: run_at.map(UnixMs),
        unknown: serde_json::Map::new(),
    }
}

#[test]
fn what_runs_is_told_the_longest_first_and_the_rest_counted() {
    let mut notes = Notes::default();
    let all = RUNNING_MAX as u64 + 2;
    for number in 0..all {
        // The later its number, the earlier it began.
        notes.began(claim(number), running(number, all - number), None);
    }
    let told = notes.told(UnixMs(1_000));
    assert_eq!((told.running.len(), told.running_more), (RUNNING_MAX, 2));
    assert_eq!((told.running[0].since, told.running[1].since), (UnixMs(1), UnixMs(2)));
    notes.ended(claim(all - 1), ended(all - 1, 9, 1));
    let told = notes.told(UnixMs(1_000));
    assert_eq!((told.running[0].since, told.running_more), (UnixMs(2), 1), "it runs no more");
}

#[test]
fn the_same_job_in_two_claims_runs_twice() {
    let mut notes = Notes::default();
    let second = ClaimRef { id: id(1), token: Token { worker: WorkerId(1), claim: 2 } };
    notes.began(claim(1), running(1, 10), None);
    notes.began(second, running(1, 20), None);
    notes.ended(claim(1), ended(1, 30, 1));
    let told = notes.told(UnixMs(30));
    assert_eq!(told.running.iter().map(|running| running.since).collect::<Vec<_>>(), [UnixMs(20)]);
}

#[test]
fn the_last_that_ended_are_told_with_numbers_that_follow_one_another() {
    let mut notes = Notes::default();
    let all = ENDED_MAX as u64 + 5;
    (0..all).for_each(|number| notes.ended(claim(number), ended(number, number, 1)));
    let numbers: Vec<_> = notes.told(UnixMs(0)).ended.iter().map(|ended| ended.number).collect();
    assert_eq!(numbers, (6..=all).collect::<Vec<_>>());
}

#[test]
fn times_are_told_of_types_that_ran_lately_and_counted_from_the_start() {
    let mut notes = Notes::default();
    let mail: JobType = "mail".parse().unwrap();
    notes.began(claim(1), running(1, 1_000), Some(Duration::from_millis(7)));
    notes.ended(claim(1), ended(1, 2_000, 300));
    let told = notes.told(UnixMs(61_999));
    let took = &told.latencies[&mail];
    assert_eq!((took.wait_us.count(), took.run_us.count()), (1, 1));
    assert_eq!((took.wait_us.quantile(1.0), took.run_us.quantile(1.0)), (Some(7_167), Some(319)));
    assert!(notes.told(UnixMs(62_000)).latencies.is_empty(), "nothing of it ran for a minute");
    notes.ended(claim(2), ended(2, 70_000, 5));
    assert_eq!(notes.told(UnixMs(70_000)).latencies[&mail].run_us.count(), 2, "the first counts still");
}

#[test]
fn what_did_not_run_has_no_run_time() {
    let mut notes = Notes::default();
    notes.ended(claim(1), Ended { module: None, result: "shadow".into(), ..ended(1, 10, 0) });
    let told = notes.told(UnixMs(10));
    assert!(told.latencies.is_empty());
    assert_eq!(told.ended[0].result, "shadow");
}

#[test]
fn a_job_waits_from_when_it_may_run() {
    let now = UnixMs(5_000);
    let waited = |job: &Job| wait(job, now).map(|wait| wait.as_millis());
    assert_eq!(waited(&job(1_000, None, 0)), Some(4_000));
    assert_eq!(waited(&job(1_000, Some(4_500), 0)), Some(500), "it was not due before");
    assert_eq!(waited(&job(1_000, Some(200), 0)), Some(4_000), "it was due when it came");
    assert_eq!(waited(&job(6_000, None, 0)), Some(0), "clocks differ");
    assert_eq!(waited(&job(1_000, None, 1)), None, "it waited as a dead letter");
}
