//! Does each step on the queue and on the model, and compares; long because each kind of step stands beside the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Attempt, Cancel, DeadLetter, Generation, IdSource, Job, JobId, JobType, Offset, Partition, Priority,
    Progress, Revision, TopicPartition, UnixMs,
};

use super::super::{Core, Decision, Earlier, Limits, Located, Owed, Rebuild, Taken};
use super::made::{beginning, children, direct, failure, job, lane_name, type_name, verdict};
use super::simple::{At, Simple, SimpleDead, SimpleJob, SimpleLane};
use super::{Judged, Made, Step};
use crate::record::{Key, Pack, Serial, StoredJob, Write};
use crate::{
    Admission, Answer, AttemptRecord, Claim, ClaimRef, Enqueued, Entry, JobView, NewJob, Offer, Push, Pushed,
    State, Take, Token, TypeOffer, WorkerId,
};

const WINDOW: Duration = Duration::from_secs(5);
const LEASE: Duration = Duration::from_secs(2);
const KEEP: Duration = Duration::from_secs(4);

type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

pub(super) struct Driver {
    core: Core,
    model: Simple,
    disk: Disk,
    /// Disk and model after each write, the newest last.
    past: Vec<(Disk, Simple)>,
    now: UnixMs,
    log: BTreeMap<TopicPartition, Vec<Option<Entry>>>,
    committed: BTreeMap<TopicPartition, Progress>,
    ids: IdSource,
    jobs: Vec<Job>,
    letters: Vec<DeadLetter>,
    held: Vec<(Job, Taken)>,
    requests: u64,
    last: BTreeMap<u64, (Take, Vec<Taken>)>,
    lives: u64,
    /// Jobs that ended once, in whichever life.
    ended: BTreeSet<JobId>,
    /// Jobs that were not taken in because of their type's limit: a relay would keep them.
    over: BTreeSet<JobId>,
    /// Jobs that stood in no log at some time: they live as long as the queue.
    enqueued: BTreeSet<JobId>,
}

impl Driver {
    pub(super) fn new() -> Self {
        let mut driver = Self {
            core: Core::new(Limits::default(), beginning(0)),
            model: Simple::default(),
            disk: Disk::new(),
            past: Vec::new(),
            now: UnixMs(1_000_000),
            log: (0..2).map(|lane| (lane_name(lane), Vec::new())).collect(),
            committed: BTreeMap::new(),
            ids: IdSource::default(),
            jobs: Vec::new(),
            letters: Vec::new(),
            held: Vec::new(),
            requests: 0,
            last: BTreeMap::new(),
            lives: 0,
            ended: BTreeSet::new(),
            over: BTreeSet::new(),
            enqueued: BTreeSet::new(),
        };
        driver.resume();
        driver
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Push { lane, records } => self.push(&lane_name(*lane), records),
            Step::Misplaced { lane, by } => self.misplaced(&lane_name(*lane), *by),
            Step::Enqueue { records } => self.enqueue(records),
            Step::Take { worker, max, offered, concurrency } => {
                self.take(*worker, *max, *offered, *concurrency);
            }
            Step::Repeat { worker } => self.repeat(*worker),
            Step::Settle { claims } => self.settle(claims),
            Step::Renew { claim } => self.renew(*claim),
            Step::Advance { ms } => {
                self.now = self.now.plus(Duration::from_millis(*ms));
                self.sweep(usize::MAX);
            }
            Step::Sweep { max } => self.sweep(*max),
            Step::Cancel { job } => self.cancel(*job),
            Step::Pay { max } => self.pay(*max),
            Step::Commit => self.commit(),
            Step::Crash { writes } => self.crash(*writes),
            Step::Wipe => self.wipe(),
        }
        self.compare();
    }

    /// Everything is pushed, taken and completed: then every job of the log has ended.
    pub(super) fn drain(&mut self) {
        while self.log.keys().any(|lane| self.model.lanes[lane].wanted < self.log[lane].len() as u64)
            || !self.model.live.is_empty()
        {
            for lane in self.log.keys().cloned().collect::<Vec<_>>() {
                let left = self.log[&lane].len() as u64 - self.model.lanes[&lane].wanted;
                let records = vec![Made::Gap; usize::try_from(left).unwrap()];
                self.push(&lane, &records);
            }
            self.step(&Step::Advance { ms: 10_000 });
            self.take(9, usize::MAX, 7, None);
            let all = (0..self.held.len()).map(|claim| (claim, Judged::Complete)).collect();
            self.step(&Step::Settle { claims: all });
        }
        self.pay(usize::MAX);
        self.compare();
        for (lane, log) in &self.log {
            assert_eq!(self.core.progress(lane).floor, Offset(log.len() as u64));
        }
        for job in &self.jobs {
            let lives = [&self.ended, &self.over, &self.enqueued];
            assert!(
                lives.iter().any(|known| known.contains(&job.id)),
                "job {} was accepted, and never ended",
                job.id
            );
        }
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

    /// What lies behind can be rolled back to.
    fn note(&mut self) {
        self.past.push((self.disk.clone(), self.model.clone()));
    }

    fn make(&mut self, made: Made, lane: &TopicPartition, offset: Offset) -> Option<Entry> {
        let dedup_window = WINDOW;
        let mut most = None;
        let partition = lane.partition;
        let job = match made {
            Made::Gap => return None,
            Made::Ordered { job_type, priority, max_pending } => {
                let id = self.ids.next(self.now, 7, Generation(1), partition);
                most = max_pending;
                let priority = Priority::FIRST_TO_LAST[priority];
                Job { priority, ..job(id, type_name(job_type), offset, 0) }
            }
            Made::Keyed { job_type, key } => {
                let name = type_name(job_type);
                let id = JobId::derived(&name, &key.to_string(), Generation(1), Partition(0));
                Job { idempotency_key: Some(key.to_string()), ..job(id, name, offset, 0) }
            }
            Made::Cancel { job } => {
                let found = self.jobs.get(job % self.jobs.len().max(1))?;
                let cancel = Cancel { id: found.id, job_type: found.job_type.clone(), at: self.now };
                return Some(Entry::Cancel { offset, cancel });
            }
            Made::Redrive { dead, by } => {
                let mut job = self.letters.get(dead % self.letters.len().max(1))?.job.clone()?;
                job.redrives += by;
                job
            }
            Made::Undead { dead } => {
                let key = self.letters.get(dead % self.letters.len().max(1))?.record_key();
                return Some(Entry::Undead { offset, key });
            }
            Made::Dead { dead } => {
                let letter = Arc::new(self.letters.get(dead % self.letters.len().max(1))?.clone());
                return Some(Entry::Dead { offset, letter });
            }
        };
        self.jobs.push(job.clone());
        Some(Entry::Job { offset, new: NewJob { max_pending: most, ..NewJob::new(job, dedup_window) } })
    }

    fn push(&mut self, lane: &TopicPartition, records: &[Made]) {
        let from = self.model.lanes[lane].wanted;
        let to = from + records.len() as u64;
        for (offset, made) in (from..).zip(records) {
            if offset >= self.log[lane].len() as u64 {
                let entry = self.make(*made, lane, Offset(offset));
                self.log.get_mut(lane).unwrap().push(entry);
            }
        }
        let index = |offset: u64| usize::try_from(offset).unwrap();
        let mut entries: Vec<Entry> =
            self.log[lane][index(from)..index(to)].iter().flatten().cloned().collect();
        for entry in &mut entries {
            if let Entry::Job { new, .. } = entry {
                // What a push does that is over is for the conformance suite's model.
                new.max_pending = None;
            }
        }
        let push = Push {
            lane: lane.clone(),
            from: Offset(from),
            to: Offset(to),
            passed: None,
            entries: entries.clone(),
        };
        let pushed = self.core.push(push, Earlier::default(), self.now).unwrap();
        let Pushed::Applied { duplicates, .. } = self.apply(pushed) else {
            panic!("not applied at the wanted offset")
        };
        let mut expected = Vec::new();
        let mut live = BTreeSet::new();
        for entry in entries {
            let offset = entry.offset();
            match self.model_entry(lane, entry) {
                Some(Admission::Accepted) => drop(live.insert(offset.0)),
                Some(Admission::Duplicate) => expected.push(lane.at(offset)),
                Some(Admission::Over | Admission::Full) | None => {}
            }
        }
        assert_eq!(duplicates, expected);
        // A job that was cancelled later in the same push is settled already.
        let known = self.model.lanes.get_mut(lane).unwrap();
        known.settled.extend((from..to).filter(|offset| !live.contains(offset)));
        known.wanted = to;
        self.note();
    }

    fn enqueue(&mut self, records: &[Made]) {
        let lane = direct();
        let made: Vec<_> = records.iter().map(|made| self.make(*made, &lane_name(0), Offset(0))).collect();
        let is_job = |entry: Option<Entry>| match entry {
            Some(Entry::Job { new, .. }) => Some(new),
            _ => None,
        };
        let new: Vec<NewJob> = made.into_iter().filter_map(is_job).collect();
        self.enqueued.extend(new.iter().map(|new| new.job.id));
        let decision = self.core.enqueue(&new, self.now);
        let enqueued = self.apply(decision);
        let mut expected = Vec::new();
        for new in new {
            self.model.lanes.entry(lane.clone()).or_default();
            let owed = self.model.dead.get(&new.job.id).is_some_and(|dead| dead.owed.is_some());
            let offset = Offset(self.model.lanes[&lane].wanted);
            let admission = if owed { Admission::Duplicate } else { self.model_job(&lane, offset, &new) };
            if admission == Admission::Accepted {
                self.model.lanes.get_mut(&lane).unwrap().wanted += 1;
            }
            expected.push(admission);
        }
        assert_eq!(enqueued, Enqueued::Done(expected));
        self.note();
    }

    fn model_job(&mut self, lane: &TopicPartition, offset: Offset, new: &NewJob) -> Admission {
        let job = &new.job;
        let settled = self.model.lanes[lane].settled.contains(&offset.0);
        if settled || !self.model.is_new(job.id, job.redrives, self.now) {
            return Admission::Duplicate;
        }
        let waiting = self.model.waiting(&job.job_type);
        if job.redrives == 0 && new.max_pending.is_some_and(|most| waiting >= most) {
            self.over.insert(job.id);
            return Admission::Over;
        }
        self.model.undead(job.id);
        let new = SimpleJob {
            lane: lane.clone(),
            offset: offset.0,
            redrives: job.redrives,
            job_type: job.job_type.clone(),
            priority: job.priority,
            attempts: 0,
            suspect: false,
            at: At::Pending,
        };
        self.model.live.insert(job.id, new);
        Admission::Accepted
    }

    /// What becomes of the entry's job, if it is one.
    fn model_entry(&mut self, lane: &TopicPartition, entry: Entry) -> Option<Admission> {
        let now = self.now;
        match entry {
            Entry::Job { offset, new } => return Some(self.model_job(lane, offset, &new)),
            Entry::Copy { .. } | Entry::Parked { .. } | Entry::Ended { .. } => {
                unreachable!("the model makes none")
            }
            Entry::Cancel { cancel, .. } => self.model_cancel(cancel.id),
            Entry::Undead { key, .. } => {
                let (key, redrives) = DeadLetter::split_record_key(&key);
                let id = key.parse().unwrap();
                let is_meant = |dead: &SimpleDead| dead.owed.is_none() && dead.redrives <= redrives;
                if self.model.dead.get(&id).is_some_and(is_meant) {
                    self.model.undead(id);
                }
            }
            Entry::Dead { letter, .. } => {
                let job = letter.job.as_ref().unwrap();
                let alive = self.model.live.contains_key(&job.id);
                let marked = self.model.marks.get(&job.id);
                let done_since =
                    marked.is_some_and(|(redrives, until)| *until > now && *redrives > job.redrives);
                let owed = self.model.dead.get(&job.id).is_some_and(|dead| dead.owed.is_some());
                if !alive && !done_since && !owed {
                    let dead = SimpleDead { redrives: job.redrives, owed: None };
                    self.model.dead.insert(job.id, dead);
                }
            }
        }
        None
    }

    fn misplaced(&mut self, lane: &TopicPartition, by: u64) {
        let wanted = self.model.lanes[lane].wanted;
        let from = Offset(wanted + by);
        let push = Push { lane: lane.clone(), from, to: from.next(), passed: None, entries: Vec::new() };
        let decision = self.core.push(push, Earlier::default(), self.now).unwrap();
        assert!(decision.writes.is_empty());
        assert_eq!(self.apply(decision), Pushed::Wants(Offset(wanted)));
    }

    fn take(&mut self, worker: u64, max: usize, offered: u8, concurrency: Option<u32>) {
        self.requests += 1;
        let types = (0..3u8).filter(|number| offered >> number & 1 == 1);
        let types = types
            .map(|number| (type_name(number), TypeOffer { concurrency, ..TypeOffer::default() }))
            .collect();
        let offer = Arc::new(Offer { revision: Revision(1), types, ..Offer::default() });
        let take = Take { worker: WorkerId(worker), request: self.requests, max, lease: LEASE, offer };
        self.model.tend(self.now);
        let possible: usize = take.offer.types.keys().map(|name| self.takeable(name, concurrency)).sum();
        let decision = self.core.take(&take, self.now);
        let taken = self.apply(decision);
        assert_eq!(taken.len(), possible.min(max));
        for taken in &taken {
            let job = self.job_of(taken);
            let known = self.model.live.get_mut(&job.id).unwrap();
            assert_eq!(known.at, At::Pending);
            assert!(take.offer.types.contains_key(&taken.job_type) && taken.job_type == job.job_type);
            known.attempts += 1;
            known.at = At::InFlight { token: taken.token, until: taken.lease_until };
            assert_eq!(taken.suspect, known.suspect, "job {}", job.id);
            assert_eq!((Attempt(known.attempts), taken.lease_until), (taken.attempt, self.now.plus(LEASE)));
            let passed_over = self.model.live.values().any(|other| {
                other.job_type == job.job_type && other.at == At::Pending && other.priority > job.priority
            });
            assert!(!passed_over, "one of a higher priority goes before {}", job.id);
            self.held.push((job, taken.clone()));
        }
        self.last.insert(worker, (take, taken));
        self.note();
    }

    fn takeable(&self, name: &JobType, concurrency: Option<u32>) -> usize {
        let of_type = || self.model.live.values().filter(|job| job.job_type == *name);
        let pending = of_type().filter(|job| job.at == At::Pending).count();
        let in_flight = of_type().filter(|job| matches!(job.at, At::InFlight { .. })).count();
        concurrency.map_or(pending, |most| (most as usize).saturating_sub(in_flight).min(pending))
    }

    fn repeat(&mut self, worker: u64) {
        let Some((take, taken)) = self.last.get(&worker).cloned() else { return };
        self.sweep(usize::MAX);
        let decision = self.core.take(&take, self.now);
        let again = self.apply(decision);
        let tokens: BTreeSet<Token> = again.iter().map(|taken| taken.token).collect();
        let current = |taken: &&Taken| {
            self.model
                .live
                .values()
                .any(|job| matches!(job.at, At::InFlight { token, .. } if token == taken.token))
        };
        let expected: BTreeSet<Token> = taken.iter().filter(current).map(|taken| taken.token).collect();
        assert_eq!(tokens, expected);
    }

    fn settle(&mut self, claims: &[(usize, Judged)]) {
        let mut settlements = Vec::new();
        let mut expected = Vec::new();
        for (index, judged) in claims {
            let Some((job, taken)) = self.held.get(index % self.held.len().max(1)).cloned() else { return };
            let claim =
                Claim::new(job.clone(), taken.attempt, taken.lease_until, taken.suspect, None, taken.token);
            let record =
                AttemptRecord { keep_result: KEEP, dedup_window: WINDOW, ..AttemptRecord::default() };
            let settlement = claim.settle(verdict(*judged), record);
            // Of a verdict that does not complete nothing is published.
            let count = if let Judged::Emit { children } = judged { *children } else { 1 };
            let emits = !matches!(judged, Judged::Complete);
            settlements.push(if emits {
                settlement.with_children(children(&job, count))
            } else {
                settlement
            });
            expected.push(self.model_settle(&job, taken.token, *judged));
        }
        let decision = self.core.settle(&settlements, Earlier::default(), self.now);
        assert_eq!(self.apply(decision), expected);
        self.note();
    }

    fn model_settle(&mut self, job: &Job, token: Token, judged: Judged) -> Answer {
        let now = self.now;
        let Some(known) = self.model.live.get_mut(&job.id) else { return Answer::Lost };
        if !matches!(known.at, At::InFlight { token: current, until } if current == token && until > now) {
            return Answer::Lost;
        }
        match judged {
            Judged::Complete | Judged::Emit { .. } => {
                let emits = matches!(judged, Judged::Emit { .. });
                let ended = if emits { self.model.emit(job.id) } else { self.model.end(job.id) };
                self.model.mark(job.id, ended.redrives, now, now.plus(WINDOW));
                self.ended.insert(job.id);
            }
            Judged::Retry { pause_ms } => {
                known.suspect = false;
                known.at = At::Scheduled { due: now.plus(Duration::from_millis(pause_ms)) };
            }
            Judged::Release => {
                known.attempts -= 1;
                known.at = At::Pending;
            }
            Judged::Bury => {
                let known = self.model.live.remove(&job.id).unwrap();
                let owed = (known.lane != direct()).then(|| (known.lane.clone(), known.offset));
                if owed.is_none() {
                    self.model.settle(&known.lane, known.offset);
                }
                let dead = SimpleDead { redrives: known.redrives, owed };
                self.model.dead.insert(job.id, dead);
                self.letters.push(DeadLetter {
                    job: Some(job.clone()),
                    raw: None,
                    failure: failure(),
                    attempts: Attempt(known.attempts),
                    died_at: now,
                    origin: known.lane.at(Offset(known.offset)),
                });
                self.ended.insert(job.id);
            }
        }
        Answer::Settled
    }

    fn renew(&mut self, claim: usize) {
        let Some((job, taken)) = self.held.get(claim % self.held.len().max(1)) else { return };
        let (id, token, now) = (job.id, taken.token, self.now);
        let lost = self.core.renew(vec![ClaimRef { id, token }], now.plus(LEASE), now);
        match self.model.live.get_mut(&id).map(|job| &mut job.at) {
            Some(At::InFlight { token: current, until }) if *current == token && *until > now => {
                *until = now.plus(LEASE);
                assert!(lost.is_empty());
            }
            _ => assert_eq!(lost, vec![ClaimRef { id, token }]),
        }
    }

    fn sweep(&mut self, max: usize) {
        let decision = self.core.sweep(max, self.now);
        let swept = self.apply(decision);
        assert!(max == usize::MAX || swept.expired + swept.due <= max);
        if max == usize::MAX {
            self.model.tend(self.now);
        }
        self.note();
    }

    fn cancel(&mut self, job: usize) {
        let Some(id) = self.jobs.get(job % self.jobs.len().max(1)).map(|job| job.id) else { return };
        let known = self.model.live.contains_key(&id);
        let decision = self.core.cancel(id, Earlier::default(), self.now);
        assert_eq!(self.apply(decision), known);
        self.model_cancel(id);
        self.note();
    }

    fn model_cancel(&mut self, id: JobId) {
        if self.model.live.contains_key(&id) {
            let ended = self.model.end(id);
            self.model.mark(id, ended.redrives, self.now, self.now.plus(WINDOW));
            self.ended.insert(id);
        }
    }

    fn pay(&mut self, max: usize) {
        let owed = self.core.owed(max);
        let letters = self.model.dead.values().filter(|dead| dead.owed.is_some()).count();
        assert_eq!(owed.len(), (letters + self.model.emitted.len()).min(max));
        let ids: Vec<_> = owed.iter().map(|(id, _)| *id).collect();
        for (debt, owed) in owed {
            let (lane, offset) = match owed {
                Owed::Letter(key) => {
                    let id: JobId = key.parse().unwrap();
                    self.model.dead.get_mut(&id).unwrap().owed.take().unwrap()
                }
                Owed::Children => {
                    let row = &self.core.debts.rows()[&Serial(debt.0)];
                    let place = (self.core.lanes.get(row.lane).name.clone(), row.offset.0);
                    assert!(self.model.emitted.remove(&place), "{place:?} owes no children");
                    place
                }
            };
            self.model.settle(&lane, offset);
        }
        let decision = self.core.paid(&ids);
        self.apply(decision);
        self.note();
    }

    fn commit(&mut self) {
        for lane in self.log.keys() {
            self.committed.insert(lane.clone(), self.core.progress(lane));
        }
    }

    fn crash(&mut self, writes: usize) {
        let back = self.past.len().saturating_sub(1 + writes).min(self.past.len());
        let (disk, model) = self.past[back].clone();
        self.past.truncate(back + 1);
        (self.disk, self.model) = (disk, model);
        self.model.crash();
        self.lives += 1;
        self.core = self.rebuilt();
        self.last.clear();
        self.sweep(usize::MAX);
        self.resume();
    }

    fn wipe(&mut self) {
        self.disk.clear();
        self.past.clear();
        self.model = Simple::default();
        self.lives += 1;
        self.core = Core::new(Limits::default(), beginning(self.lives));
        self.last.clear();
        self.resume();
    }

    fn resume(&mut self) {
        for lane in self.log.keys().cloned().collect::<Vec<_>>() {
            let progress = self.committed.get(&lane).cloned().unwrap_or_default();
            let decision = self.core.resume(&lane, &progress).unwrap();
            let (wanted, _) = self.apply(decision);
            self.model.resume(&lane, &progress);
            assert_eq!(wanted, Offset(self.model.lanes[&lane].wanted));
        }
        self.note();
    }

    fn rebuilt(&self) -> Core {
        let mut rebuild = Rebuild::new(Limits::default(), beginning(self.lives));
        for (key, value) in &self.disk {
            rebuild.add(Key::parse(key).unwrap(), value).unwrap();
        }
        rebuild.finish().unwrap()
    }

    fn job_of(&self, taken: &Taken) -> Job {
        let value = Bytes::from(self.disk[&Key::Chunk(taken.chunk).to_bytes()].clone());
        let entry = Pack::read(&value).unwrap().get(usize::from(taken.index)).unwrap();
        let stored = StoredJob::read(entry).unwrap();
        let payload = Bytes::copy_from_slice(stored.payload);
        stored.into_job(taken.job_type.clone(), payload).unwrap()
    }

    fn compare(&mut self) {
        self.core.check().unwrap();
        self.core.compare(&self.rebuilt(), self.now).unwrap();
        assert_eq!(self.core.live(), self.model.live.len());
        for (id, job) in &self.model.live {
            let Some(Located::Live(JobView { state, attempts, .. }, _)) = self.core.locate(*id) else {
                panic!("{id} is missing")
            };
            let expected = match job.at {
                At::InFlight { .. } => State::InFlight,
                At::Scheduled { due } if due > self.now => State::Scheduled,
                _ => state,
            };
            assert_eq!((state, attempts), (expected, Attempt(job.attempts)), "job {id}");
        }
        let dead: Vec<String> = self.model.dead.keys().map(ToString::to_string).collect();
        assert_eq!(
            self.core.dead(None, None, usize::MAX).keys,
            dead.iter().map(|key| (&**key).into()).collect::<Vec<Arc<str>>>()
        );
        for (name, SimpleLane { wanted, settled }) in &self.model.lanes {
            let mut progress = Progress::default();
            for offset in settled {
                progress.settle(Offset(*offset)..Offset(offset + 1));
            }
            let told = self.core.progress(name);
            assert!(told.floor.0 <= *wanted);
            let end = settled.last().map_or(0, |last| last + 2);
            for offset in (0..end).map(Offset) {
                assert_eq!(told.is_settled(offset), progress.is_settled(offset), "{name} at {offset}");
            }
        }
    }
}
