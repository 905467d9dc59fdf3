//! Unit tests of `core`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Attempt, Failure, FailureCode, Generation, Job, JobId, JobType, Mode, Offset, Partition, Path, Progress,
    Revision, Stamp, Topic, TopicPartition, UnixMs, Verdict,
};

use super::*;
use crate::record::{Key, Pack, Serial, StoredJob};
use crate::{AttemptRecord, Claim, Entry, NewJob, Offer, Push, Settlement, Take, TypeOffer, WorkerId};

const NOW: UnixMs = UnixMs(5_000_000);

/// A core and what it has stored.
struct Rig {
    core: Core,
    disk: BTreeMap<Vec<u8>, Vec<u8>>,
    pushed: u64,
    requests: u64,
}

impl Rig {
    fn new(limits: Limits) -> Self {
        let core = Core::new(limits, BEGINNING);
        let mut rig = Self { core, disk: BTreeMap::new(), pushed: 0, requests: 0 };
        let resumed = rig.core.resume(&lane(), &Progress::default()).unwrap();
        rig.apply(resumed);
        rig
    }

    fn apply<T>(&mut self, decision: Decision<T>) -> T {
        for write in decision.writes {
            match write {
                Write::Put(key, value) => self.disk.insert(key.to_bytes(), value),
                Write::Delete(key) => self.disk.remove(&key.to_bytes()),
            };
        }
        decision.answer
    }

    /// The last job pushed stands elsewhere now, and one behind it is parked.
    fn move_and_park(&mut self, job_type: &str) {
        let from = self.pushed;
        let of =
            wasmill_job::CopyOf { origin: lane().at(Offset(from - 1)), attempts: Attempt(0), due_at: None };
        let new = NewJob::new(job(job_type, from - 1), Duration::from_secs(60));
        let entries = vec![
            Entry::Copy { offset: Offset(from), new, of },
            Entry::Parked { offset: Offset(from + 1), job_type: name(job_type) },
        ];
        let push = Push { lane: lane(), from: Offset(from), to: Offset(from + 2), passed: None, entries };
        let decision = self.core.push(push, Earlier::default(), NOW).unwrap();
        assert_eq!(self.apply(decision), crate::Pushed::whole());
        self.pushed += 2;
    }

    fn push(&mut self, job_type: &str, count: u64) {
        let range = self.pushed..self.pushed + count;
        let entries = range.clone().map(|offset| Entry::Job {
            offset: Offset(offset),
            new: NewJob::new(job(job_type, offset), Duration::from_secs(60)),
        });
        let push = Push {
            lane: lane(),
            from: Offset(range.start),
            to: Offset(range.end),
            passed: None,
            entries: entries.collect(),
        };
        let decision = self.core.push(push, Earlier::default(), NOW).unwrap();
        assert_eq!(self.apply(decision), crate::Pushed::whole());
        self.pushed += count;
    }

    fn take(&mut self, max: usize) -> Vec<Claim> {
        self.requests += 1;
        let types = ["a", "b"].map(|of| (name(of), TypeOffer::default())).into();
        let offer = Arc::new(Offer { revision: Revision(1), types, ..Offer::default() });
        let (worker, lease) = (WorkerId(1), Duration::from_secs(30));
        let decision = self.core.take(&Take { worker, request: self.requests, max, lease, offer }, NOW);
        let taken = self.apply(decision);
        taken.into_iter().map(|taken| self.claim(taken)).collect()
    }

    fn claim(&self, taken: Taken) -> Claim {
        let value = &self.disk[&Key::Chunk(taken.chunk).to_bytes()];
        let stored =
            StoredJob::read(Pack::read(value).unwrap().get(usize::from(taken.index)).unwrap()).unwrap();
        let payload = Bytes::copy_from_slice(stored.payload);
        let job = stored.into_job(taken.job_type, payload).unwrap();
        Claim::new(job, taken.attempt, taken.lease_until, taken.suspect, None, taken.token)
    }

    fn settle(&mut self, claims: Vec<Claim>, verdict: &Verdict) {
        let hour = Duration::from_secs(3600);
        let record = AttemptRecord { keep_result: hour, dedup_window: hour, ..AttemptRecord::default() };
        let settlements: Vec<Settlement> =
            claims.into_iter().map(|claim| claim.settle(verdict.clone(), record.clone())).collect();
        let decision = self.core.settle(&settlements, Earlier::default(), NOW);
        self.apply(decision);
    }

    fn rebuild(&self) -> Result<Core, crate::record::Damage> {
        let mut rebuild = Rebuild::new(self.core.limits, BEGINNING);
        for (key, value) in &self.disk {
            rebuild.add(Key::parse(key)?, value)?;
        }
        rebuild.finish()
    }

    fn check(&self) {
        self.core.check().unwrap();
        self.core.compare(&self.rebuild().unwrap(), NOW).unwrap();
    }

    /// A bit of everything.
    fn mixed() -> Self {
        let mut rig = Self::new(Limits::default());
        rig.push("a", 100);
        rig.push("b", 30);
        rig.move_and_park("b");
        let ahead = Progress { settled: std::iter::once(500..600).collect(), ..Progress::default() };
        let resumed = rig.core.resume(&lane(), &ahead).unwrap();
        rig.apply(resumed);
        let mut claims = rig.take(40);
        rig.settle(claims.split_off(30), &complete());
        let failure = Failure::new(FailureCode::Retry, "again");
        rig.settle(
            claims.split_off(20),
            &Verdict::Retry { pause: Duration::from_secs(9), failure: failure.clone() },
        );
        rig.settle(claims.split_off(15), &Verdict::Release);
        rig.settle(claims.split_off(10), &Verdict::Bury { failure });
        rig.check();
        rig
    }
}

const BEGINNING: Beginning = Beginning { serial: Serial(1), claim: 1 };

fn lane() -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.core.1"), Partition(0))
}

fn name(of: &str) -> JobType {
    JobType::try_from(Arc::<str>::from(of)).unwrap()
}

fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::from(vec![b'o'; 100]) }
}

fn job(job_type: &str, offset: u64) -> Job {
    Job {
        id: JobId::derived(&name(job_type), &offset.to_string(), Generation(1), Partition(0)),
        job_type: name(job_type),
        payload: Bytes::from(vec![b'p'; 200]),
        accepted_at: NOW,
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

#[test]
fn a_record_that_is_missing_is_noticed() {
    let rig = Rig::mixed();
    let mut kinds = std::collections::BTreeSet::new();
    for key in rig.disk.keys() {
        kinds.insert(key[0]);
        let mut disk = rig.disk.clone();
        disk.remove(key);
        let torn = Rig { disk, core: Core::new(Limits::default(), BEGINNING), ..rig };
        assert!(torn.rebuild().is_err(), "without {:?} it still opened", Key::parse(key));
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), (2..=16).collect::<Vec<u8>>(), "every kind was there");
}

#[test]
fn a_record_of_an_earlier_moment_is_noticed() {
    let mut rig = Rig::mixed();
    let before = rig.disk.clone();
    rig.push("a", 5);
    let claims = rig.take(200);
    rig.settle(claims, &complete());
    for (key, value) in &before {
        if rig.disk.get(key) == Some(value) {
            continue;
        }
        let mut disk = rig.disk.clone();
        disk.insert(key.clone(), value.clone());
        let torn = Rig { disk, core: Core::new(Limits::default(), BEGINNING), ..rig };
        assert!(torn.rebuild().is_err(), "with an old {:?} it still opened", Key::parse(key));
    }
}

#[test]
fn results_make_room_for_newer_ones() {
    let mut rig = Rig::new(Limits { results_max: 100, ..Limits::default() });
    rig.push("a", 300);
    for _ in 0..30 {
        let claims = rig.take(10);
        rig.settle(claims, &complete());
    }
    let known = |rig: &Rig, offset| rig.core.locate(job("a", offset).id).is_some();
    assert!(known(&rig, 299) && known(&rig, 200) && !known(&rig, 199) && !known(&rig, 0));
    rig.check();
}

#[test]
fn results_are_bounded_in_bytes_too() {
    let mut rig = Rig::new(Limits { result_bytes_max: 4_000, ..Limits::default() });
    rig.push("a", 300);
    for _ in 0..30 {
        let claims = rig.take(10);
        rig.settle(claims, &complete());
    }
    let packs = rig.disk.keys().filter(|key| matches!(Key::parse(key), Ok(Key::Results(_))));
    let bytes: usize = packs.map(|key| rig.disk[key].len()).sum();
    assert!((2_000..6_000).contains(&bytes), "{bytes}");
    rig.check();
}

#[test]
fn chunks_kept_for_few_jobs_are_thinned() {
    let mut rig = Rig::new(Limits { waste_bytes: 10_000, ..Limits::default() });
    rig.push("a", 1_000);
    assert!(rig.core.thinnable(9).is_empty());
    let mut claims = rig.take(1_000);
    let kept: Vec<Claim> = (0..50).map(|index| claims.remove(index * 19)).collect();
    rig.settle(claims, &complete());
    let bytes = |rig: &Rig| -> usize {
        rig.disk
            .iter()
            .filter(|(key, _)| matches!(Key::parse(key), Ok(Key::Chunk(_))))
            .map(|(_, value)| value.len())
            .sum()
    };
    let before = bytes(&rig);
    loop {
        let chosen = rig.core.thinnable(9);
        if chosen.is_empty() {
            break;
        }
        let values = chosen
            .into_iter()
            .map(|(chunk, gone)| (chunk, thinned(&rig.disk[&Key::Chunk(chunk).to_bytes()], gone).unwrap()));
        let decision = rig.core.thin(values.collect());
        rig.apply(decision);
        rig.check();
    }
    assert!(bytes(&rig) < before / 3, "{} of {before}", bytes(&rig));
    let expected = kept.iter().map(|claim| claim.job.clone()).collect::<Vec<_>>();
    rig.settle(kept, &Verdict::Release);
    let mut again: Vec<Job> = rig.take(1_000).into_iter().map(|claim| claim.job).collect();
    again.sort_by_key(|job| expected.iter().position(|known| known.id == job.id));
    assert_eq!(again, expected);
}

#[test]
fn an_operation_that_changes_nothing_writes_nothing() {
    let mut rig = Rig::mixed();
    let empty = Push { lane: lane(), from: Offset(132), to: Offset(132), passed: None, entries: Vec::new() };
    assert!(rig.core.push(empty, Earlier::default(), NOW).unwrap().writes.is_empty());
    assert!(rig.core.settle(&[], Earlier::default(), NOW).writes.is_empty());
    assert!(rig.core.sweep(10, NOW).writes.is_empty());
    assert!(rig.core.cancel(job("never", 1).id, Earlier::default(), NOW).writes.is_empty());
    let claims = rig.take(200);
    assert!(!claims.is_empty());
    rig.settle(claims, &complete());
    assert!(rig.core.take(&nothing(), NOW).writes.is_empty());
}

fn nothing() -> Take {
    let offer = Arc::new(Offer::default());
    Take { worker: WorkerId(2), request: 1, max: 10, lease: Duration::from_secs(1), offer }
}

#[test]
fn attempts_count_on_over_a_rebuild() {
    let mut rig = Rig::new(Limits::default());
    rig.push("a", 1);
    for attempt in 1..4 {
        assert_eq!(rig.take(1)[0].attempt, Attempt(attempt));
        rig.core = rig.rebuild().unwrap();
    }
}
