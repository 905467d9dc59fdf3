//! What the cases are written in: jobs, a small log per partition, pushes that follow it, takes and settles.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Cancel, Failure, FailureCode, Generation, IdSource, Job, JobId, JobType, Mode, Offset, Partition, Path,
    Position, Progress, Revision, Stamp, Topic, TopicPartition, Verdict,
};
use wasmill_queue::{
    Admission, Answer, AttemptRecord, Checked, Claim, Counts, Enqueued, Entry, JobView, NewJob, Offer, Push,
    Pushed, Queue, State, Swept, Take, TypeOffer, WorkerId,
};

use super::QueueUnderTest;

/// The lease of every take.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// The dedup window of every job.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);
/// How long results are kept.
pub(crate) const KEEP: Duration = Duration::from_secs(3600);
/// Longer than anything takes: only a failing case waits so long.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A queue under test, and a log to fill it from.
pub(crate) struct World<U: QueueUnderTest> {
    under_test: Option<U>,
    pub(crate) queue: U::Queue,
    ids: IdSource,
    requests: u64,
    /// What was offered last, and by which revision: what a revision says of a type never changes.
    offered: Offer,
    /// What was pushed, and with it what a replay pushes again.
    log: BTreeMap<TopicPartition, Vec<Option<Entry>>>,
}

impl<U: QueueUnderTest> World<U> {
    /// An empty queue, resumed at nothing.
    pub(crate) async fn fresh() -> Self {
        let under_test = U::fresh().await;
        let queue = under_test.queue();
        let mut world = Self {
            under_test: Some(under_test),
            queue,
            ids: IdSource::default(),
            requests: 0,
            offered: Offer::default(),
            log: BTreeMap::new(),
        };
        world.resume(&Progress::default()).await;
        world
    }

    fn under_test(&self) -> &U {
        self.under_test.as_ref().unwrap()
    }

    /// The queue's own check finds nothing, and what it looked at is what is counted.
    pub(crate) async fn check(&self) {
        // Nothing may be left undone that a sweep would do.
        while self.queue.sweep(1_000).await.unwrap() != Swept::default() {}
        let Checked { jobs, faults } = self.queue.check().await.unwrap();
        assert_eq!(faults, [""; 0]);
        let counts = self.queue.counts().await.unwrap();
        let live = counts.values().map(|counts| counts.pending + counts.scheduled + counts.in_flight);
        assert_eq!(jobs, live.sum::<u64>());
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.under_test().advance(by).await;
    }

    pub(crate) fn now(&self) -> wasmill_job::UnixMs {
        self.under_test().now()
    }

    /// A handle of its own.
    pub(crate) fn handle(&self) -> U::Queue {
        self.under_test().queue()
    }

    pub(crate) async fn restart(&mut self) {
        let under_test = self.under_test.take().unwrap().restart().await;
        self.adopt(under_test);
    }

    pub(crate) async fn crash(&mut self) {
        let under_test = self.under_test.take().unwrap().crash(20).await;
        self.adopt(under_test);
    }

    pub(crate) async fn wipe(&mut self) {
        let under_test = self.under_test.take().unwrap().wipe().await;
        self.adopt(under_test);
    }

    fn adopt(&mut self, under_test: U) {
        self.queue = under_test.queue();
        self.under_test = Some(under_test);
    }

    /// A job that comes once.
    pub(crate) fn job(&mut self, job_type: &str) -> Job {
        let id = self.ids.next(self.now(), 1, Generation(1), lane().partition);
        made(id, job_type)
    }

    /// Some jobs that come once.
    pub(crate) fn jobs(&mut self, job_type: &str, count: usize) -> Vec<Job> {
        (0..count).map(|_| self.job(job_type)).collect()
    }

    /// Some jobs of a partition of their own, pushed there.
    pub(crate) async fn push_to(&mut self, partition: u32, job_type: &str, count: usize) -> Vec<Job> {
        let lane = TopicPartition::new(lane().topic, Partition(partition));
        if self.end(&lane) == Offset(0) {
            self.queue.resume(&lane, &Progress::default()).await.unwrap();
        }
        let now = self.now();
        let ids = (0..count).map(|_| self.ids.next(now, 1, Generation(1), Partition(partition)));
        let jobs: Vec<Job> = ids.map(|id| made(id, job_type)).collect();
        let entries = jobs.iter().cloned().map(|job| move |offset| Some(entry(offset, job)));
        self.push_records(&lane, entries.collect::<Vec<_>>()).await;
        jobs
    }

    /// A job with an idempotency key.
    pub(crate) fn keyed(&self, job_type: &str, key: &str) -> Job {
        made(JobId::derived(&name(job_type), key, Generation(1), lane().partition), job_type)
    }

    pub(crate) async fn resume(&mut self, progress: &Progress) -> Offset {
        self.queue.resume(&lane(), progress).await.unwrap()
    }

    /// The offset that the next record of the lane will have.
    pub(crate) fn end(&self, lane: &TopicPartition) -> Offset {
        Offset(self.log.get(lane).map_or(0, |log| log.len() as u64))
    }

    /// Appends jobs to the log and pushes them; returns the duplicates.
    pub(crate) async fn push(&mut self, jobs: impl IntoIterator<Item = Job>) -> Vec<Position> {
        let entries = jobs.into_iter().map(|job| move |offset| Some(entry(offset, job)));
        self.push_records(&lane(), entries).await
    }

    /// Enqueues jobs, for which there must be room.
    pub(crate) async fn enqueue(&self, jobs: impl IntoIterator<Item = Job>) -> Vec<Admission> {
        self.enqueue_new(jobs.into_iter().map(new_job)).await
    }

    pub(crate) async fn enqueue_new(&self, jobs: impl IntoIterator<Item = NewJob>) -> Vec<Admission> {
        match self.queue.enqueue(jobs.into_iter().collect()).await.unwrap() {
            Enqueued::Done(admissions) => admissions,
            Enqueued::Full => panic!("there was no room"),
        }
    }

    /// Appends a cancellation to the log and pushes it.
    pub(crate) async fn push_cancel(&mut self, job: &Job) {
        let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: self.now() };
        self.push_records(&lane(), [move |offset| Some(Entry::Cancel { offset, cancel })]).await;
    }

    /// Appends records to a lane's log and pushes them; `None` is an offset without an entry.
    pub(crate) async fn push_records<R>(
        &mut self,
        lane: &TopicPartition,
        records: impl IntoIterator<Item = R>,
    ) -> Vec<Position>
    where
        R: FnOnce(Offset) -> Option<Entry>,
    {
        match self.try_push_records(lane, records).await {
            Pushed::Applied { duplicates, .. } => duplicates,
            refused => panic!("it was not wanted: {refused:?}"),
        }
    }

    /// Appends records to a lane's log and pushes them; returns how that went. What is not applied is not appended.
    pub(crate) async fn try_push_records<R>(
        &mut self,
        lane: &TopicPartition,
        records: impl IntoIterator<Item = R>,
    ) -> Pushed
    where
        R: FnOnce(Offset) -> Option<Entry>,
    {
        let from = self.end(lane);
        for record in records {
            let offset = self.end(lane);
            self.log.entry(lane.clone()).or_default().push(record(offset));
        }
        let pushed = self.try_push(lane, from, self.end(lane)).await;
        if !matches!(pushed, Pushed::Applied { .. }) {
            self.log.entry(lane.clone()).or_default().truncate(usize::try_from(from.0).unwrap());
        }
        pushed
    }

    /// Pushes a piece of the log, which must be wanted.
    pub(crate) async fn push_from(&self, lane: &TopicPartition, from: Offset, to: Offset) -> Vec<Position> {
        match self.try_push(lane, from, to).await {
            Pushed::Applied { duplicates, .. } => duplicates,
            refused => panic!("{from}..{to} was not wanted: {refused:?}"),
        }
    }

    pub(crate) async fn try_push(&self, lane: &TopicPartition, from: Offset, to: Offset) -> Pushed {
        let index = |offset: Offset| usize::try_from(offset.0).unwrap();
        let none = Vec::new();
        let log = self.log.get(lane).unwrap_or(&none);
        let entries = log[index(from)..index(to)].iter().flatten().cloned().map(in_each_shard::<U>).collect();
        self.queue.push(Push { lane: lane.clone(), from, to, passed: None, entries }).await.unwrap()
    }

    /// What a relay does when it begins: resumes the lane with `progress`, and pushes from there to the end.
    pub(crate) async fn replay(&mut self, progress: &Progress) {
        self.replay_lane(&lane(), progress).await;
    }

    /// The same of any lane; the duplicates.
    pub(crate) async fn replay_lane(&mut self, lane: &TopicPartition, progress: &Progress) -> Vec<Position> {
        let from = self.queue.resume(lane, progress).await.unwrap();
        self.push_from(lane, from, self.end(lane)).await
    }

    /// Worker 1 takes of types `a`, `b` and `c`.
    pub(crate) async fn take(&mut self, max: usize) -> Vec<Claim> {
        self.take_as(1, max, &[("a", None), ("b", None), ("c", None)]).await
    }

    /// A worker takes of these types, under these concurrencies.
    pub(crate) async fn take_as(
        &mut self,
        worker: u64,
        max: usize,
        types: &[(&str, Option<u32>)],
    ) -> Vec<Claim> {
        let take = self.request(worker, max, types);
        self.queue.take(take).await.unwrap()
    }

    /// A worker's next request.
    pub(crate) fn request(&mut self, worker: u64, max: usize, types: &[(&str, Option<u32>)]) -> Take {
        let types: Vec<_> = types
            .iter()
            .map(|(of, concurrency)| (*of, TypeOffer { concurrency: *concurrency, ..TypeOffer::default() }))
            .collect();
        let mut offer = offer(self.offered.revision.0, &types);
        if offer != self.offered {
            offer.revision.0 += 1;
            self.offered = offer.clone();
        }
        self.request_of(worker, max, offer)
    }

    /// A worker takes with this offer until nothing comes any more.
    pub(crate) async fn take_all(&mut self, worker: u64, offer: &Offer) -> Vec<Claim> {
        let mut taken = Vec::new();
        loop {
            let claims = self.take_offered(worker, 100, offer).await;
            if claims.is_empty() {
                return taken;
            }
            taken.extend(claims);
        }
    }

    /// A worker's next request with this offer.
    pub(crate) fn request_of(&mut self, worker: u64, max: usize, offer: Offer) -> Take {
        self.requests += 1;
        let offer = Arc::new(offer);
        Take { worker: WorkerId(worker), request: self.requests, max, lease: LEASE, offer }
    }

    /// A worker takes with this offer.
    pub(crate) async fn take_offered(&mut self, worker: u64, max: usize, offer: &Offer) -> Vec<Claim> {
        let take = self.request_of(worker, max, offer.clone());
        self.queue.take(take).await.unwrap()
    }

    pub(crate) async fn settle(&self, claim: Claim, verdict: Verdict) -> Answer {
        self.settle_all([(claim, verdict)]).await[0]
    }

    pub(crate) async fn settle_all(
        &self,
        verdicts: impl IntoIterator<Item = (Claim, Verdict)>,
    ) -> Vec<Answer> {
        let settlements: Vec<_> =
            verdicts.into_iter().map(|(claim, verdict)| claim.settle(verdict, record())).collect();
        self.queue.settle(settlements.into()).await.unwrap()
    }

    /// Takes everything that can be taken, and completes it; returns the jobs.
    pub(crate) async fn complete_all(&mut self) -> Vec<Job> {
        let mut done = Vec::new();
        loop {
            let claims = self.take(100).await;
            if claims.is_empty() {
                return done;
            }
            done.extend(claims.iter().map(|claim| claim.job.clone()));
            let verdicts: Vec<_> = claims.into_iter().map(|claim| (claim, complete())).collect();
            let answers = self.settle_all(verdicts).await;
            assert!(answers.iter().all(|answer| *answer == Answer::Settled));
        }
    }

    /// Takes the only job there is, and gives the verdict.
    pub(crate) async fn run_one(&mut self, verdict: Verdict) {
        let mut claims = self.take(2).await;
        assert_eq!(claims.len(), 1, "not one job but {}", claims.len());
        assert_eq!(self.settle(claims.remove(0), verdict).await, Answer::Settled);
    }

    pub(crate) async fn view(&self, job: &Job) -> Option<JobView> {
        self.queue.job(job.id).await.unwrap()
    }

    pub(crate) async fn state(&self, job: &Job) -> Option<State> {
        self.view(job).await.map(|view| view.state)
    }

    pub(crate) async fn counts(&self, job_type: &str) -> Counts {
        self.queue.counts().await.unwrap().get(&name(job_type)).copied().unwrap_or_default()
    }

    pub(crate) async fn progress(&self) -> Progress {
        self.queue.progress(&lane()).await.unwrap()
    }
}

/// The lane most cases need only one of.
pub(crate) fn lane() -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.conformance.1"), Partition(3))
}

pub(crate) fn name(job_type: &str) -> JobType {
    JobType::try_from(Arc::<str>::from(job_type)).unwrap()
}

pub(crate) fn entry(offset: Offset, job: Job) -> Entry {
    Entry::Job { offset, new: new_job(job) }
}

/// What a revision offers.
pub(crate) fn offer(revision: u64, types: &[(&str, TypeOffer)]) -> Offer {
    let types = types.iter().map(|(of, terms)| (name(of), *terms)).collect();
    Offer { revision: Revision(revision), types, ..Offer::default() }
}

/// What a revision offers that pauses these types.
pub(crate) fn pausing(revision: u64, paused: &[&str], types: &[(&str, TypeOffer)]) -> Offer {
    Offer { paused: paused.iter().map(|of| name(of)).collect(), ..offer(revision, types) }
}

pub(crate) fn of_type(claims: &[Claim], job_type: &str) -> usize {
    claims.iter().filter(|claim| claim.job.job_type.as_str() == job_type).count()
}

pub(crate) fn new_job(job: Job) -> NewJob {
    NewJob::new(job, WINDOW)
}

pub(crate) fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::from_static(b"output") }
}

pub(crate) fn retry(pause: Duration) -> Verdict {
    Verdict::Retry { pause, failure: failure() }
}

pub(crate) fn bury() -> Verdict {
    Verdict::Bury { failure: failure() }
}

pub(crate) fn failure() -> Failure {
    Failure::new(FailureCode::Rejected, "it is no good")
}

pub(crate) fn record() -> AttemptRecord {
    AttemptRecord { keep_result: KEEP, dedup_window: WINDOW, ..AttemptRecord::default() }
}

/// Progress with these ranges settled above the floor.
pub(crate) fn progress(floor: u64, settled: &[(u64, u64)]) -> Progress {
    let mut progress = Progress { floor: Offset(floor), ..Progress::default() };
    for (start, end) in settled {
        progress.settle(Offset(*start)..Offset(*end));
    }
    progress
}

pub(crate) fn ids<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<JobId> {
    jobs.into_iter().map(|job| job.id).collect()
}

pub(crate) fn ids_of(claims: &[Claim]) -> Vec<JobId> {
    claims.iter().map(|claim| claim.job.id).collect()
}

pub(crate) fn made(id: JobId, job_type: &str) -> Job {
    Job {
        id,
        job_type: name(job_type),
        payload: Bytes::from(format!("payload of {id}")),
        accepted_at: wasmill_job::UnixMs(1_799_999_999_000),
        stamp: Stamp { revision: Revision(4), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: Some("key".into()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        redrives: 0,
        run_at: None,
        unknown: [("future".to_owned(), serde_json::json!({"kept": [1, 2]}))].into_iter().collect(),
    }
}

/// What an entry allows of its type is meant for its shard: each has its share of that.
fn in_each_shard<U: QueueUnderTest>(mut entry: Entry) -> Entry {
    if let Entry::Job { new, .. } | Entry::Copy { new, .. } = &mut entry {
        new.max_pending = new.max_pending.map(|most| most * u64::from(U::SHARDS));
    }
    entry
}
