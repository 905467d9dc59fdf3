//! Does each step on the queue and on the model, and compares what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{
    Attempt, Cancel, DeadLetter, Generation, IdSource, Job, JobId, JobType, Offset, Partition, Position,
    Priority, Progress, Rate, Revision, Topic, TopicPartition, UnixMs, Verdict,
};
use wasmill_queue::{
    Admission, AttemptRecord, Checked, Claim, Counts, DeadQuery, Enqueued, Entry, JobView, NewJob, Offer,
    Push, Pushed, Queue, Settlement, State, Swept, Take, Token, TypeOffer, WorkerId,
};

use super::order;
use super::simple::{At, KEEP, Lane, Live, Simple, WINDOW};
use super::{Judged, Made, QueueUnderTest, Step};
use crate::queue::world::{bury, complete, made as made_job, name, retry};

pub(super) struct Driver<U: QueueUnderTest> {
    pub(super) under_test: Option<U>,
    pub(super) queue: U::Queue,
    /// The model of each shard.
    pub(super) shards: Vec<Simple>,
    /// The shards after each operation, the newest last.
    pub(super) past: Vec<Vec<Simple>>,
    log: BTreeMap<TopicPartition, Vec<Option<Entry>>>,
    pub(super) committed: BTreeMap<TopicPartition, Progress>,
    ids: IdSource,
    /// All jobs that ever came, each once.
    pub(super) jobs: Vec<Job>,
    letters: Vec<Arc<DeadLetter>>,
    pub(super) held: Vec<Claim>,
    earlier: Vec<(Arc<[Settlement]>, Vec<Judged>)>,
    requests: u64,
    pub(super) last: BTreeMap<u64, (Take, Vec<(JobId, Token)>)>,
    flow: Flow,
    /// Jobs that ended once, or for which there was no room, whatever was lost since.
    ended: BTreeSet<JobId>,
    /// The process ended once: an implementation may count less exactly from then on.
    pub(super) has_ended: bool,
    /// Jobs that once came without a log. A record that repeats one while it lives is settled as a duplicate, and then
    /// lives no longer than the queue does.
    unlogged: BTreeSet<JobId>,
    steps: usize,
}

/// What the routing table says, by revisions.
#[derive(Default)]
struct Flow {
    revision: u64,
    types: BTreeMap<JobType, Limits>,
}

#[derive(Default)]
struct Limits {
    concurrency: Option<u32>,
    rate: Option<Rate>,
    is_paused: bool,
    /// How many jobs the rate lets start, at most, and since when that is so.
    level: f64,
    since: UnixMs,
}

pub(super) const LEASE: Duration = Duration::from_secs(4);
/// How many steps go by between two looks at everything.
const LOOK: usize = 4;
const TYPES: u8 = 3;

impl<U: QueueUnderTest> Driver<U> {
    pub(super) async fn new() -> Self {
        let under_test = U::fresh().await;
        let queue = under_test.queue();
        let shards = vec![Simple::default(); usize::from(U::SHARDS)];
        let mut driver = Self {
            under_test: Some(under_test),
            queue,
            past: vec![shards.clone()],
            shards,
            log: lanes().map(|lane| (lane, Vec::new())).collect(),
            committed: BTreeMap::new(),
            ids: IdSource::default(),
            jobs: Vec::new(),
            letters: Vec::new(),
            held: Vec::new(),
            earlier: Vec::new(),
            requests: 0,
            last: BTreeMap::new(),
            flow: Flow::default(),
            ended: BTreeSet::new(),
            has_ended: false,
            unlogged: BTreeSet::new(),
            steps: 0,
        };
        driver.resume().await;
        driver
    }

    pub(super) async fn step(&mut self, step: &Step) {
        match step {
            Step::Push { lane, max_pending, records } => {
                self.push(&lane_name(*lane), *max_pending, records).await;
            }
            Step::Misplaced { lane, by } => self.misplaced(&lane_name(*lane), *by).await,
            Step::Enqueue { lane, max_pending, jobs } => self.enqueue(*lane, *max_pending, jobs).await,
            Step::Limit { job_type, concurrency, rate, is_paused } => {
                self.limit(*job_type, *concurrency, *rate, *is_paused);
            }
            Step::Take { worker, max, offered } => self.take(*worker, *max, *offered).await,
            Step::Repeat { worker } => self.repeat(*worker).await,
            Step::Settle { claims } => self.settle(claims).await,
            Step::SettleAgain { earlier } => self.settle_again(*earlier).await,
            Step::Renew { claims } => self.renew(claims).await,
            Step::Advance { ms, bite } => self.advance(*ms, *bite).await,
            Step::Cancel { job } => self.cancel(*job).await,
            Step::Purge { letters } => self.purge(letters).await,
            Step::Pay { max } => self.pay(*max).await,
            Step::Commit => self.commit().await,
            Step::Restart => self.restart().await,
            Step::Crash { lose } => self.crash(*lose).await,
            Step::Wipe => self.wipe().await,
        }
        self.steps += 1;
        self.compare_counts().await;
        if self.steps.is_multiple_of(LOOK) {
            self.compare().await;
        }
    }

    /// Everything is pushed, taken and completed: then every job of the log has ended.
    pub(super) async fn drain(&mut self) {
        self.compare().await;
        for job_type in 0..TYPES {
            self.limit(job_type, None, None, false);
        }
        loop {
            for lane in lanes() {
                let left = self.log[&lane].len() as u64 - self.wanted(&lane).0;
                self.push(&lane, None, &vec![Made::Gap; usize::try_from(left).unwrap()]).await;
            }
            self.advance(10_000, 1_000).await;
            self.take(9, 1_000, u8::MAX).await;
            let all: Vec<_> = (0..self.held.len()).map(|_| (0, Judged::Complete)).collect();
            self.settle(&all).await;
            if self.shards.iter().all(|shard| shard.live.is_empty()) {
                break;
            }
        }
        self.pay(1_000).await;
        let letters = lanes().last().unwrap();
        let left = self.log[&letters].len() as u64 - self.wanted(&letters).0;
        self.push(&letters, None, &vec![Made::Gap; usize::try_from(left).unwrap()]).await;
        self.compare().await;
        for lane in lanes() {
            let end = Offset(self.log[&lane].len() as u64);
            assert_eq!(self.queue.progress(&lane).await.unwrap().floor, end, "the floor of {lane}");
        }
        for entry in self.log.values().flatten().flatten() {
            let Entry::Job { new, .. } = entry else { continue };
            let id = new.job.id;
            let has_ended = self.ended.contains(&id) || self.unlogged.contains(&id);
            assert!(has_ended, "job {id} was acknowledged, and never ended");
        }
    }

    pub(super) fn now(&self) -> UnixMs {
        self.under_test.as_ref().unwrap().now()
    }

    pub(super) fn shard(&mut self, partition: Partition) -> &mut Simple {
        let shards = self.shards.len();
        &mut self.shards[partition.0 as usize % shards]
    }

    fn shard_of(&mut self, id: JobId) -> &mut Simple {
        self.shard(id.partition())
    }

    /// What the queue wants of a lane: of the dead letters' lane each shard has its own.
    pub(super) fn wanted(&self, lane: &TopicPartition) -> Offset {
        self.shards.iter().filter_map(|shard| Some(shard.lanes.get(lane)?.wanted)).min().unwrap_or_default()
    }

    /// What lies behind can be what a crash leaves.
    pub(super) fn note(&mut self) {
        self.past.push(self.shards.clone());
    }

    fn make(&mut self, made: Made, partition: Partition, offset: Offset) -> Option<Entry> {
        let now = self.now();
        let mut job = match made {
            Made::Gap => return None,
            Made::Ordered { job_type, priority } => {
                let id = self.ids.next(now, 7, Generation(1), partition);
                Job { priority: Self::priority(priority), ..made_job(id, type_name(job_type).as_str()) }
            }
            Made::Keyed { job_type, key, priority } => {
                let of = type_name(job_type);
                let id = JobId::derived(&of, &key.to_string(), Generation(1), partition);
                Job { priority: Self::priority(priority), ..made_job(id, of.as_str()) }
            }
            Made::Cancel { job } => {
                let here: Vec<&Job> =
                    self.jobs.iter().filter(|job| job.id.partition() == partition).collect();
                let found = here.get(job % here.len().max(1))?;
                let cancel = Cancel { id: found.id, job_type: found.job_type.clone(), at: now };
                return Some(Entry::Cancel { offset, cancel });
            }
            Made::Redrive { letter, by } => {
                let mut job = self.letter(letter, partition)?.job.clone()?;
                job.redrives += by;
                job
            }
            Made::Undead { letter } => {
                return Some(Entry::Undead { offset, key: self.letter(letter, partition)?.key() });
            }
            Made::Dead { letter } => {
                return Some(Entry::Dead { offset, letter: self.letter(letter, partition)? });
            }
        };
        job.accepted_at = now;
        if let Some(known) = self.jobs.iter().find(|known| known.id == job.id) {
            job.accepted_at = known.accepted_at;
        } else {
            self.jobs.push(job.clone());
        }
        Some(Entry::Job { offset, new: NewJob { job, dedup_window: WINDOW, max_pending: None } })
    }

    fn priority(number: u8) -> Priority {
        let all = [Priority::Normal, Priority::Low, Priority::High, Priority::Urgent];
        all[usize::from(number)]
    }

    fn letter(&self, number: usize, partition: Partition) -> Option<Arc<DeadLetter>> {
        let of = |letter: &DeadLetter| letter.job.as_ref().unwrap().id.partition();
        let here: Vec<_> = self.letters.iter().filter(|letter| of(letter) == partition).collect();
        here.get(number % here.len().max(1)).map(|letter| Arc::clone(letter))
    }

    async fn push(&mut self, lane: &TopicPartition, max_pending: Option<u64>, records: &[Made]) {
        let (now, from) = (self.now(), self.wanted(lane));
        let to = Offset(from.0 + records.len() as u64);
        for (offset, made) in (from.0..).zip(records) {
            if offset < self.log[lane].len() as u64 {
                continue;
            }
            let entry = match (lane.topic.is_compacted(), made) {
                (true, Made::Dead { letter } | Made::Undead { letter }) => {
                    self.make(*made, Partition((letter % 2) as u32), Offset(offset))
                }
                (true, _) => None,
                (false, made) => self.make(*made, lane.partition, Offset(offset)),
            };
            self.log.get_mut(lane).unwrap().push(entry);
        }
        let index = |offset: Offset| usize::try_from(offset.0).unwrap();
        let mut entries: Vec<Entry> =
            self.log[lane][index(from)..index(to)].iter().flatten().cloned().collect();
        for entry in &mut entries {
            if let Entry::Job { new, .. } = entry {
                new.max_pending = max_pending;
            }
        }
        let push = Push { lane: lane.clone(), from, to, entries: entries.clone() };
        let pushed = self.queue.push(push).await.unwrap();
        let expected = if lane.topic.is_compacted() {
            let shards = self.shards.len();
            for (number, shard) in self.shards.iter_mut().enumerate() {
                let mine: Vec<Entry> = entries
                    .iter()
                    .filter(|entry| number == id_of(entry).partition().0 as usize % shards)
                    .cloned()
                    .collect();
                if shard.lanes[lane].wanted < to {
                    shard.push(lane, to, &mine, now);
                }
            }
            Pushed::whole()
        } else {
            let (duplicates, over) = self.shard(lane.partition).push(lane, to, &entries, now);
            let at = |offsets: Vec<Offset>| -> Vec<Position> {
                offsets.into_iter().map(|offset| lane.at(offset)).collect()
            };
            for entry in entries.iter().filter(|entry| over.contains(&entry.offset())) {
                self.ended.insert(id_of(entry));
            }
            Pushed::Applied { duplicates: at(duplicates), over: at(over) }
        };
        assert_eq!(pushed, expected);
        self.ends();
        self.note();
    }

    async fn misplaced(&mut self, lane: &TopicPartition, by: u64) {
        let wanted = self.wanted(lane);
        let from = Offset(wanted.0 + by);
        let push = Push { lane: lane.clone(), from, to: from.next(), entries: Vec::new() };
        assert_eq!(self.queue.push(push).await.unwrap(), Pushed::Wants(wanted));
    }

    async fn enqueue(&mut self, lane: usize, max_pending: Option<u64>, jobs: &[Made]) {
        let (now, partition) = (self.now(), lane_name(lane).partition);
        let made: Vec<_> = jobs.iter().filter_map(|made| self.make(*made, partition, Offset(0))).collect();
        let mut new: Vec<NewJob> = Vec::new();
        for entry in made {
            if let Entry::Job { new: job, .. } = entry {
                new.push(NewJob { max_pending: max_pending, ..job });
            }
        }
        self.unlogged.extend(new.iter().map(|new| new.job.id));
        let expected: Vec<Admission> =
            new.iter().map(|new| self.shard_of(new.job.id).admit(new, None, now)).collect();
        assert_eq!(self.queue.enqueue(new).await.unwrap(), Enqueued::Done(expected));
        self.note();
    }

    fn limit(&mut self, job_type: u8, concurrency: Option<u32>, rate: Option<(u32, u64)>, is_paused: bool) {
        let since = self.now();
        let rate = rate.map(|(jobs, ms)| Rate {
            jobs: NonZeroU32::new(jobs).unwrap(),
            per: Duration::from_millis(ms.max(u64::from(jobs))),
        });
        self.flow.revision += 1;
        let limits = Limits { concurrency, rate, is_paused, level: f64::INFINITY, since };
        self.flow.types.insert(type_name(job_type), limits);
    }

    fn offer(&self, offered: u8) -> Offer {
        let mut offer = Offer { revision: Revision(self.flow.revision), ..Offer::default() };
        for number in (0..TYPES).filter(|number| offered >> number & 1 == 1) {
            let of = type_name(number);
            let (concurrency, rate) = match self.flow.types.get(&of) {
                Some(limits) if limits.is_paused => {
                    offer.paused.insert(of);
                    continue;
                }
                Some(limits) => (limits.concurrency, limits.rate),
                None => (None, None),
            };
            offer.types.insert(of, TypeOffer { concurrency, rate, ..TypeOffer::default() });
        }
        offer
    }

    async fn take(&mut self, worker: u64, max: usize, offered: u8) {
        self.requests += 1;
        let offer = Arc::new(self.offer(offered));
        let take = Take { worker: WorkerId(worker), request: self.requests, max, lease: LEASE, offer };
        let possible = |rated: bool| -> usize {
            let types = take.offer.types.iter().filter(|(_, of)| rated || of.rate.is_none());
            types.map(|(of, offered)| self.takeable(of, offered.concurrency)).sum()
        };
        let (least, most) = (possible(false).min(max), possible(true).min(max));
        let claims = self.queue.take(take.clone()).await.unwrap();
        let given = claims.len();
        assert!((least..=most).contains(&given), "given {given}, where {least} to {most} are possible");
        let references = claims.iter().map(|claim| (claim.job.id, claim.reference().token)).collect();
        self.give(&take, claims);
        self.last.insert(worker, (take, references));
        self.note();
    }

    /// How many jobs of a type can be taken. A concurrency is shared out among the shards, with at least one for each.
    fn takeable(&self, of: &JobType, concurrency: Option<u32>) -> usize {
        let shards = u32::from(U::SHARDS);
        let takeable = self.shards.iter().zip(0..).map(|(shard, number): (_, u32)| {
            let pending = shard.pending(of).count();
            let Some(limit) = concurrency else { return pending };
            let share = (limit / shards + u32::from(number < limit % shards)).max(limit.min(1));
            let free = u64::from(share).saturating_sub(shard.counts(of).in_flight);
            usize::try_from(free).unwrap().min(pending)
        });
        takeable.sum()
    }

    fn give(&mut self, take: &Take, claims: Vec<Claim>) {
        let (now, until) = (self.now(), self.now().plus(LEASE));
        let shards = self.shards.len();
        let mut given: BTreeMap<(usize, JobType), Vec<Live>> = BTreeMap::new();
        for claim in claims {
            let (id, token) = (claim.job.id, claim.reference().token);
            let known = self.shard_of(id).live.get(&id).cloned();
            let known = known.unwrap_or_else(|| panic!("{id} was given, and is not alive"));
            assert_eq!(known.at, At::Pending, "{id} was given");
            assert_eq!(known.job, claim.job);
            assert!(take.offer.types.contains_key(&claim.job.job_type), "{id} is of a type not offered");
            let before = self.shard_of(id).give(id, token, until);
            assert_eq!((claim.attempt, claim.lease_until), (Attempt(before.attempts + 1), until), "of {id}");
            if let Some(suspect) = before.suspect {
                assert_eq!(claim.suspect, suspect, "{id} is a suspect");
            }
            let shard = id.partition().0 as usize % shards;
            given.entry((shard, before.job.job_type.clone())).or_default().push(before);
            self.held.push(claim);
        }
        for ((shard, of), jobs) in given {
            assert_eq!(order::fault(&jobs, &self.shards[shard]), None);
            let limits = self.flow.types.entry(of).or_default();
            if let Some(rate) = limits.rate {
                let burst = rate.burst().max(u32::from(U::SHARDS));
                let elapsed = now.0.saturating_sub(limits.since.0);
                let level = limits.level + elapsed as f64 / rate.interval_ms();
                limits.level = level.min(f64::from(burst)) - jobs.len() as f64;
                limits.since = now;
                assert!(limits.level > -0.001, "{} jobs are more than the rate allows", jobs.len());
            }
        }
    }

    /// On several shards a repeat may give other jobs too, in the place of those that are settled.
    async fn repeat(&mut self, worker: u64) {
        let Some((take, before)) = self.last.get(&worker).cloned() else { return };
        let now = self.now();
        let mut expected: BTreeSet<(JobId, Token)> = BTreeSet::new();
        for (id, token) in before {
            if self.shard_of(id).holds(id, token, now) {
                expected.insert((id, token));
            }
        }
        let claims = self.queue.take(take.clone()).await.unwrap();
        assert!(claims.len() <= take.max);
        let (again, others): (Vec<Claim>, Vec<Claim>) =
            claims.into_iter().partition(|claim| expected.contains(&(claim.job.id, claim.reference().token)));
        assert_eq!(again.len(), expected.len(), "a repeat gives what is left");
        assert!(U::SHARDS > 1 || others.is_empty(), "a repeat gives nothing new");
        let references = again.iter().chain(&others).map(|claim| (claim.job.id, claim.reference().token));
        self.last.insert(worker, (take.clone(), references.collect()));
        self.give(&take, others);
        self.held.extend(again);
        self.note();
    }

    async fn settle(&mut self, claims: &[(usize, Judged)]) {
        let (mut settlements, mut verdicts) = (Vec::new(), Vec::new());
        for (claim, judged) in claims {
            if self.held.is_empty() {
                break;
            }
            let claim = self.held.remove(claim % self.held.len());
            let record =
                AttemptRecord { keep_result: KEEP, dedup_window: WINDOW, ..AttemptRecord::default() };
            settlements.push(claim.settle(verdict(*judged), record));
            verdicts.push(*judged);
        }
        self.earlier.push((settlements.into(), verdicts));
        self.settle_again(self.earlier.len() - 1).await;
    }

    async fn settle_again(&mut self, earlier: usize) {
        let Some((settlements, verdicts)) = self.earlier.get(earlier % self.earlier.len().max(1)).cloned()
        else {
            return;
        };
        let now = self.now();
        let mut expected = Vec::new();
        for (settlement, judged) in settlements.iter().zip(&verdicts) {
            let reference = settlement.reference();
            expected.push(self.shard_of(reference.id).settle(reference.id, reference.token, *judged, now));
        }
        assert_eq!(self.queue.settle(settlements).await.unwrap(), expected);
        self.ends();
        self.note();
        // A pause of nothing is over at once.
        self.sweep(1_000).await;
        if verdicts.iter().any(|judged| matches!(judged, Judged::Bury)) {
            let query = DeadQuery { max: 1_000, ..DeadQuery::default() };
            let shown = self.queue.dead(query).await.unwrap().letters;
            self.letters.extend(
                shown.into_iter().filter(|letter| !self.letters.contains(letter)).collect::<Vec<_>>(),
            );
        }
    }

    async fn renew(&mut self, claims: &[usize]) {
        let (now, until) = (self.now(), self.now().plus(LEASE));
        let mut references = BTreeSet::new();
        for claim in claims {
            references.extend(self.held.get(claim % self.held.len().max(1)).map(Claim::reference));
        }
        let mut expected = references.clone();
        expected.retain(|claim| !self.shard_of(claim.id).renew(claim.id, claim.token, until, now));
        let lost = self.queue.renew(references.into_iter().collect(), LEASE).await.unwrap();
        assert_eq!(lost.into_iter().collect::<BTreeSet<_>>(), expected);
        self.note();
    }

    async fn advance(&mut self, ms: u64, bite: usize) {
        self.under_test.as_ref().unwrap().advance(Duration::from_millis(ms)).await;
        self.sweep(bite).await;
    }

    /// Sweeps until nothing is left to sweep.
    pub(super) async fn sweep(&mut self, bite: usize) {
        loop {
            let swept = self.queue.sweep(bite).await.unwrap();
            assert!(swept.expired + swept.due <= bite, "{swept:?} is more than {bite}");
            if swept == Swept::default() {
                break;
            }
        }
        let now = self.now();
        self.shards.iter_mut().for_each(|shard| shard.tend(now));
        self.note();
    }

    async fn cancel(&mut self, job: usize) {
        let Some(Job { id, job_type, .. }) = self.jobs.get(job % self.jobs.len().max(1)).cloned() else {
            return;
        };
        let now = self.now();
        let expected = self.shard_of(id).cancel(id, now);
        assert_eq!(self.queue.cancel(Cancel { id, job_type, at: now }).await.unwrap(), expected);
        self.ends();
        self.note();
    }

    async fn purge(&mut self, letters: &[usize]) {
        let chosen = letters.iter().filter_map(|letter| self.letters.get(letter % self.letters.len().max(1)));
        let keys: BTreeSet<String> = chosen.map(|letter| letter.key()).collect();
        let mut expected = 0;
        for key in &keys {
            expected += usize::from(self.shard_of(key.parse().unwrap()).purge(key));
        }
        assert_eq!(self.queue.purge(keys.into_iter().collect()).await.unwrap(), expected);
        self.note();
    }

    async fn pay(&mut self, max: usize) {
        let owed = self.queue.owed(max).await.unwrap();
        let due = self.shards.iter().flat_map(|shard| shard.dead.values());
        assert_eq!(owed.len(), due.filter(|dead| dead.owed.is_some()).count().min(max));
        let letters = lanes().last().unwrap();
        let mut paid = Vec::new();
        for debt in owed {
            let log = self.log.get_mut(&letters).unwrap();
            let offset = Offset(log.len() as u64);
            let id = debt.letter.job.as_ref().unwrap().id;
            log.push(Some(Entry::Dead { offset, letter: debt.letter }));
            paid.push(debt.id);
            self.shard_of(id).pay(id);
        }
        self.queue.paid(paid).await.unwrap();
        self.note();
    }

    async fn commit(&mut self) {
        for lane in lanes().filter(|lane| !lane.topic.is_compacted()) {
            self.committed.insert(lane.clone(), self.queue.progress(&lane).await.unwrap());
        }
    }

    async fn resume(&mut self) {
        for lane in lanes() {
            let progress = self.committed.get(&lane).cloned().unwrap_or_default();
            let wanted = self.queue.resume(&lane, &progress).await.unwrap();
            for shard in self.shards_of(&lane) {
                shard.resume(&lane, &progress);
            }
            assert_eq!(wanted, self.wanted(&lane));
            self.note();
        }
    }

    /// The shards that a lane is on.
    pub(super) fn shards_of(&mut self, lane: &TopicPartition) -> &mut [Simple] {
        let number = lane.partition.0 as usize % self.shards.len();
        if lane.topic.is_compacted() { &mut self.shards } else { &mut self.shards[number..=number] }
    }

    async fn wipe(&mut self) {
        let under_test = self.under_test.take().unwrap().wipe().await;
        self.adopt(under_test);
        self.shards = vec![Simple::default(); self.shards.len()];
        self.note();
        self.resume().await;
    }

    async fn restart(&mut self) {
        let under_test = self.under_test.take().unwrap().restart().await;
        self.adopt(under_test);
        if !U::CLAIMS_SURVIVE {
            self.shards.iter_mut().for_each(Simple::end_claims);
            self.note();
        }
        self.has_ended = true;
    }

    pub(super) fn adopt(&mut self, under_test: U) {
        self.queue = under_test.queue();
        self.under_test = Some(under_test);
        self.last.clear();
        let now = self.now();
        for limits in self.flow.types.values_mut() {
            (limits.level, limits.since) = (f64::INFINITY, now);
        }
    }

    /// Notes which jobs are done or dead.
    fn ends(&mut self) {
        for shard in &self.shards {
            self.ended.extend(shard.done.keys().chain(shard.dead.keys()));
        }
    }

    async fn compare_counts(&self) {
        let told = self.queue.counts().await.unwrap();
        assert_eq!(self.counts_fault(&self.shards, &told), None);
    }

    /// What is wrong about what is counted, if anything is.
    pub(super) fn counts_fault(&self, shards: &[Simple], told: &BTreeMap<JobType, Counts>) -> Option<String> {
        (0..TYPES).map(type_name).find_map(|of| {
            let mut told = told.get(&of).copied().unwrap_or_default();
            let mut expected = shards.iter().map(|shard| shard.counts(&of)).fold(Counts::default(), plus);
            if self.has_ended && !U::CLAIMS_SURVIVE {
                for counts in [&mut told, &mut expected] {
                    let Counts { pending, scheduled, in_flight, dead, .. } = *counts;
                    *counts = Counts { pending, scheduled, in_flight, dead, ..Counts::default() };
                }
            }
            (told != expected).then(|| format!("of {of} are counted {told:?}, and there are {expected:?}"))
        })
    }

    async fn compare(&mut self) {
        let Checked { jobs, faults } = self.queue.check().await.unwrap();
        assert_eq!(faults, [""; 0]);
        assert_eq!(jobs, self.shards.iter().map(|shard| shard.live.len() as u64).sum::<u64>());
        let now = self.now();
        for id in self.jobs.iter().map(|job| job.id).collect::<Vec<_>>() {
            let view = self.queue.job(id).await.unwrap();
            if let Some(fault) = view_fault(self.shard_of(id), id, view.as_ref(), now) {
                panic!("{fault}");
            }
        }
        for lane in lanes() {
            let told = self.queue.progress(&lane).await.unwrap();
            assert!(told.floor <= self.wanted(&lane), "{told:?} passes what is wanted of {lane}");
            if lane.topic.is_compacted() {
                continue;
            }
            assert_eq!(progress_fault(&self.shards_of(&lane)[0], &lane, &told), None);
        }
    }
}

/// What is wrong about how far a lane is said to be settled, if anything is.
pub(super) fn progress_fault(shard: &Simple, lane: &TopicPartition, told: &Progress) -> Option<String> {
    let Lane { wanted, settled } = shard.lanes.get(lane)?;
    let end = settled.last().map_or(wanted.0, |last| wanted.0.max(last + 1));
    let wrong = (0..=end).find(|offset| told.is_settled(Offset(*offset)) != settled.contains(offset))?;
    Some(format!("{lane} is settled at {wrong}: {}, and is told to be {told:?}", settled.contains(&wrong)))
}

/// What is wrong about what is shown of a job, if anything is.
pub(super) fn view_fault(shard: &Simple, id: JobId, view: Option<&JobView>, now: UnixMs) -> Option<String> {
    let shown = view.map(|view| (view.state, view.attempts.0, view.due_at, view.ended_at));
    let expected = if let Some(live) = shard.live.get(&id) {
        match live.at {
            At::Pending => Some((State::Pending, live.attempts, None, None)),
            At::InFlight { .. } => Some((State::InFlight, live.attempts, None, None)),
            At::Scheduled { due } => Some((State::Scheduled, live.attempts, Some(due), None)),
        }
    } else if let Some(dead) = shard.dead.get(&id) {
        Some((State::Dead, dead.attempts, None, Some(dead.died_at)))
    } else if shard.vague.contains(&id) {
        return None;
    } else {
        shard.done.get(&id).map(|done| (done.state, done.attempts, None, Some(done.ended_at)))
    };
    (shown != expected).then(|| format!("at {now}, {id} is shown as {shown:?}, and is {expected:?}"))
}

fn verdict(judged: Judged) -> Verdict {
    match judged {
        Judged::Complete => complete(),
        Judged::Retry { pause_ms } => retry(Duration::from_millis(pause_ms)),
        Judged::Bury => bury(),
        Judged::Release => Verdict::Release,
    }
}

/// The lanes; the dead letters' comes last.
pub(super) fn lanes() -> impl Iterator<Item = TopicPartition> {
    (0..3).map(lane_name)
}

fn lane_name(number: usize) -> TopicPartition {
    match number % 3 {
        2 => TopicPartition::new(Topic::dead(), Partition(0)),
        number => TopicPartition::new(Topic::from("wasmill.q.model.1"), Partition(number as u32)),
    }
}

fn type_name(number: u8) -> JobType {
    name(["a", "b", "c"][usize::from(number)])
}

fn id_of(entry: &Entry) -> JobId {
    match entry {
        Entry::Job { new, .. } => new.job.id,
        Entry::Cancel { cancel, .. } => cancel.id,
        Entry::Dead { letter, .. } => letter.key().parse().unwrap(),
        Entry::Undead { key, .. } => key.parse().unwrap(),
    }
}

fn plus(one: Counts, other: Counts) -> Counts {
    Counts {
        pending: one.pending + other.pending,
        scheduled: one.scheduled + other.scheduled,
        in_flight: one.in_flight + other.in_flight,
        dead: one.dead + other.dead,
        accepted: one.accepted + other.accepted,
        completed: one.completed + other.completed,
        cancelled: one.cancelled + other.cancelled,
        retried: one.retried + other.retried,
        lost: one.lost + other.lost,
        duplicates: one.duplicates + other.duplicates,
    }
}
