//! Does each step on the queue and on the model, and compares what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{
    Cancel, DeadLetter, IdSource, Job, JobId, JobType, Offset, Partition, Progress, Rate, Topic,
    TopicPartition, UnixMs,
};
use wasmill_queue::{Claim, Entry, Queue, Settlement, Swept, Take, Token};

use super::simple::Simple;
use super::{Judged, Made, QueueUnderTest, Step};
use crate::queue::world::name;

pub(super) struct Driver<U: QueueUnderTest> {
    pub(super) under_test: Option<U>,
    pub(super) queue: U::Queue,
    /// The model of each shard.
    pub(super) shards: Vec<Simple>,
    /// The shards after each operation, the newest last.
    pub(super) past: Vec<Vec<Simple>>,
    pub(super) log: BTreeMap<TopicPartition, Vec<Option<Entry>>>,
    pub(super) committed: BTreeMap<TopicPartition, Progress>,
    pub(super) ids: IdSource,
    /// All jobs that ever came, each once.
    pub(super) jobs: Vec<Job>,
    pub(super) letters: Vec<Arc<DeadLetter>>,
    pub(super) held: Vec<Claim>,
    pub(super) earlier: Vec<(Arc<[Settlement]>, Vec<Judged>)>,
    pub(super) requests: u64,
    pub(super) last: BTreeMap<u64, (Take, Vec<(JobId, Token)>)>,
    pub(super) flow: Flow,
    /// Jobs that ended once, or for which there was no room, whatever was lost since.
    pub(super) ended: BTreeSet<JobId>,
    /// The process ended once: an implementation may count less exactly from then on.
    pub(super) has_ended: bool,
    /// Jobs that once came without a log. A record that repeats one while it lives is settled as a duplicate, and then
    /// lives no longer than the queue does.
    pub(super) unlogged: BTreeSet<JobId>,
    pub(super) steps: usize,
}

/// What the routing table says, by revisions.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) revision: u64,
    pub(super) types: BTreeMap<JobType, Limits>,
}

#[derive(Default)]
pub(super) struct Limits {
    pub(super) concurrency: Option<u32>,
    pub(super) rate: Option<Rate>,
    pub(super) is_paused: bool,
    /// How many jobs the rate lets start, at most, and since when that is so.
    pub(super) level: f64,
    pub(super) since: UnixMs,
}

pub(super) const LEASE: Duration = Duration::from_secs(4);
/// How many steps go by between two looks at everything.
const LOOK: usize = 4;
pub(super) const TYPES: u8 = 3;
/// The number of the dead letters' lane.
pub(super) const DEAD: usize = 8;
/// How many lanes there are.
const LANES: usize = 9;

impl<U: QueueUnderTest> Driver<U> {
    pub(super) async fn new() -> Self {
        let under_test = U::fresh().await;
        let queue = under_test.queue();
        let shards = vec![Simple::under_test::<U>(); usize::from(U::SHARDS)];
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
            Step::Push { lane, max_pending, records, is_lost } => {
                self.push(&lane_name(*lane), *max_pending, records, *is_lost).await;
            }
            Step::AppendAgain { lane, job } => self.append_again(&lane_name(*lane), *job),
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
            Step::Pay { max, is_lost } => self.pay(*max, *is_lost).await,
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
            self.pay(1_000, false).await;
            for lane in lanes() {
                let left = self.log[&lane].len() as u64 - self.wanted(&lane).0;
                self.push(&lane, None, &vec![Made::Gap; usize::try_from(left).unwrap()], false).await;
            }
            self.advance(10_000, 1_000).await;
            self.take(9, 1_000, u8::MAX).await;
            let all: Vec<_> = (0..self.held.len()).map(|_| (0, Judged::Complete)).collect();
            self.settle(&all).await;
            let at_end = |lane: TopicPartition| self.wanted(&lane).0 == self.log[&lane].len() as u64;
            let is_over = |shard: &Simple| shard.live.is_empty() && shard.emitted.is_empty();
            if self.shards.iter().all(is_over) && lanes().all(at_end) {
                break;
            }
        }
        self.pay(1_000, false).await;
        let letters = lanes().last().unwrap();
        let left = self.log[&letters].len() as u64 - self.wanted(&letters).0;
        self.push(&letters, None, &vec![Made::Gap; usize::try_from(left).unwrap()], false).await;
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

    pub(super) fn shard_of(&mut self, id: JobId) -> &mut Simple {
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
        self.shards = vec![Simple::under_test::<U>(); self.shards.len()];
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
    pub(super) fn ends(&mut self) {
        for shard in &self.shards {
            self.ended.extend(shard.done.keys().chain(shard.dead.keys()));
        }
    }
}

/// The lanes: two of a queue, those of parked jobs, and the dead letters', which comes last.
pub(super) fn lanes() -> impl Iterator<Item = TopicPartition> {
    (0..LANES).map(lane_name)
}

/// The lanes of parked jobs are behind the two of the queue, two for each type.
pub(super) fn lane_name(number: usize) -> TopicPartition {
    let partition = Partition((number % 2) as u32);
    match number % LANES {
        number @ 0..2 => TopicPartition::new(Topic::from("wasmill.q.model.1"), Partition(number as u32)),
        number @ 2..DEAD => TopicPartition::new(Topic::parked(&type_name((number / 2 - 1) as u8)), partition),
        _ => TopicPartition::new(Topic::dead(), Partition(0)),
    }
}

pub(super) fn type_name(number: u8) -> JobType {
    name(["a", "b", "c"][usize::from(number)])
}
