//! A seam in front of a real queue: calls can fail before they arrive, lose their answers, be held up for ever, or
//! reach another queue from now on, as when the first was wiped.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::Notify;
use wasmill_job::{Cancel, Job, JobId, JobType, Offset, Passed, Progress, TopicPartition};
use wasmill_queue::{
    Answer, Checked, Claim, ClaimRef, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, Entry, JobPage,
    JobView, ListQuery, NewJob, Push, Pushed, Queue, QueueError, Settlement, ShardMemory, Swept, Take,
    WorkerReport,
};

/// A queue with a seam. Clones share it.
#[derive(Clone)]
pub(crate) struct Seam<Q>(Arc<Inner<Q>>);

struct Inner<Q> {
    queue: RwLock<Arc<Q>>,
    script: Mutex<Script>,
    called: Notify,
}

#[derive(Default)]
struct Script {
    fail: HashMap<&'static str, usize>,
    lose: HashMap<&'static str, usize>,
    hold: HashSet<&'static str>,
    holds_parked: bool,
    calls: HashMap<&'static str, usize>,
    is_full: bool,
    taken: Taken,
}

/// What takes have given.
#[derive(Clone, Copy, Default)]
pub(crate) struct Taken {
    pub(crate) claims: usize,
    /// How many claims the last take asked for that gave any.
    pub(crate) asked: usize,
}

impl<Q: Queue> Seam<Q> {
    pub(crate) fn new(queue: Q) -> Self {
        Self(Arc::new(Inner {
            queue: RwLock::new(Arc::new(queue)),
            script: Mutex::default(),
            called: Notify::new(),
        }))
    }

    /// The queue behind it.
    pub(crate) fn queue(&self) -> Arc<Q> {
        self.0.queue.read().unwrap().clone()
    }

    /// All calls go to `queue` from now on.
    pub(crate) fn replace(&self, queue: Q) {
        *self.0.queue.write().unwrap() = Arc::new(queue);
    }

    /// The next `times` calls of `call` fail and do not arrive.
    pub(crate) fn fail(&self, call: &'static str, times: usize) {
        self.script(|script| script.fail.insert(call, times));
    }

    /// The next `times` calls of `call` are applied, and their answers lost.
    pub(crate) fn lose_answers(&self, call: &'static str, times: usize) {
        self.script(|script| script.lose.insert(call, times));
    }

    /// Calls of `call` do not arrive, and are not answered, until [`Seam::let_go`].
    pub(crate) fn hold(&self, call: &'static str) {
        self.script(|script| script.hold.insert(call));
    }

    /// Whether pushes that tell of parked jobs are held up, as by [`Seam::hold`].
    pub(crate) fn hold_parked(&self, holds: bool) {
        self.script(|script| script.holds_parked = holds);
    }

    /// Calls of `call` arrive again; those held up already do not.
    pub(crate) fn let_go(&self, call: &'static str) {
        self.script(|script| script.hold.remove(call));
    }

    /// Whether pushes are answered as if there were no room.
    pub(crate) fn set_full(&self, is_full: bool) {
        self.script(|script| script.is_full = is_full);
    }

    /// How often `call` was called.
    pub(crate) fn calls(&self, call: &'static str) -> usize {
        self.script(|script| script.calls.get(call).copied().unwrap_or_default())
    }

    /// Waits until `call` was called more often than `before`.
    pub(crate) async fn called(&self, call: &'static str, before: usize) {
        loop {
            let next = self.0.called.notified();
            if self.calls(call) > before {
                return;
            }
            next.await;
        }
    }

    pub(crate) fn taken(&self) -> Taken {
        self.script(|script| script.taken)
    }

    /// Waits until takes have given more than `before` claims.
    pub(crate) async fn took(&self, before: usize) {
        loop {
            let next = self.0.called.notified();
            if self.taken().claims > before {
                return;
            }
            next.await;
        }
    }

    fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.script.lock().unwrap())
    }

    async fn before(&self, call: &'static str) -> Result<(), QueueError> {
        let (held, failed) = self.script(|script| {
            *script.calls.entry(call).or_default() += 1;
            (script.hold.contains(call), used_up(&mut script.fail, call))
        });
        self.0.called.notify_waiters();
        if held {
            std::future::pending::<()>().await;
        }
        if failed { Err(trouble("it is made to fail")) } else { Ok(()) }
    }

    fn after<T>(&self, call: &'static str, answer: T) -> Result<T, QueueError> {
        let lost = self.script(|script| used_up(&mut script.lose, call));
        if lost { Err(trouble("its answer is made to be lost")) } else { Ok(answer) }
    }
}

fn used_up(counts: &mut HashMap<&'static str, usize>, call: &'static str) -> bool {
    counts.get_mut(call).filter(|left| **left > 0).map(|left| *left -= 1).is_some()
}

fn trouble(reason: &str) -> QueueError {
    QueueError::Unavailable { reason: reason.into() }
}

macro_rules! through {
    ($seam:ident.$call:ident($($argument:expr),*)) => {{
        $seam.before(stringify!($call)).await?;
        let answer = $seam.queue().$call($($argument),*).await?;
        $seam.after(stringify!($call), answer)
    }};
}

impl<Q: Queue> Queue for Seam<Q> {
    fn parts(&self) -> usize {
        self.queue().parts()
    }

    fn part_of(&self, id: JobId) -> usize {
        self.queue().part_of(id)
    }

    async fn resume(&self, lane: &TopicPartition, progress: &Progress) -> Result<Offset, QueueError> {
        through!(self.resume(lane, progress))
    }

    async fn passed(&self, lane: &TopicPartition) -> Result<Option<Passed>, QueueError> {
        through!(self.passed(lane))
    }

    async fn adopt(&self, lane: &TopicPartition, from: Offset, epoch: u64) -> Result<(), QueueError> {
        through!(self.adopt(lane, from, epoch))
    }

    async fn push(&self, push: Push) -> Result<Pushed, QueueError> {
        if !push.entries.is_empty() && self.script(|script| script.is_full) {
            self.before("push").await?;
            return Ok(Pushed::Full);
        }
        let tells = push.entries.iter().any(|entry| matches!(entry, Entry::Parked { .. }));
        if tells && self.script(|script| script.holds_parked) {
            std::future::pending::<()>().await;
        }
        through!(self.push(push))
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        through!(self.enqueue(jobs))
    }

    async fn enqueue_owed(&self, children: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        through!(self.enqueue_owed(children))
    }

    async fn take(&self, take: Take) -> Result<Vec<Claim>, QueueError> {
        let asked = take.max;
        let taken: Result<Vec<Claim>, QueueError> = async { through!(self.take(take)) }.await;
        if let Ok(claims) = &taken
            && !claims.is_empty()
        {
            self.script(|script| {
                script.taken = Taken { claims: script.taken.claims + claims.len(), asked };
            });
            self.0.called.notify_waiters();
        }
        taken
    }

    async fn ready(&self, at_most: Duration) {
        self.queue().ready(at_most).await;
    }

    async fn renew(&self, claims: Vec<ClaimRef>, lease: Duration) -> Result<Vec<ClaimRef>, QueueError> {
        through!(self.renew(claims, lease))
    }

    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Vec<Answer>, QueueError> {
        through!(self.settle(settlements))
    }

    async fn sweep(&self, max: usize) -> Result<Swept, QueueError> {
        through!(self.sweep(max))
    }

    async fn owed(&self, max: usize) -> Result<Vec<Debt>, QueueError> {
        through!(self.owed(max))
    }

    async fn owing(&self, at_most: Duration) {
        self.queue().owing(at_most).await;
    }

    async fn paid(&self, debts: Vec<DebtId>) -> Result<(), QueueError> {
        through!(self.paid(debts))
    }

    async fn progress(&self, lane: &TopicPartition) -> Result<Progress, QueueError> {
        through!(self.progress(lane))
    }

    async fn counts(&self) -> Result<BTreeMap<JobType, Counts>, QueueError> {
        through!(self.counts())
    }

    async fn job(&self, id: JobId) -> Result<Option<JobView>, QueueError> {
        through!(self.job(id))
    }

    async fn record(&self, id: JobId) -> Result<Option<Job>, QueueError> {
        through!(self.record(id))
    }

    async fn list(&self, query: ListQuery) -> Result<JobPage, QueueError> {
        through!(self.list(query))
    }

    async fn dead(&self, query: DeadQuery) -> Result<DeadPage, QueueError> {
        through!(self.dead(query))
    }

    async fn cancel(&self, cancel: Cancel) -> Result<bool, QueueError> {
        through!(self.cancel(cancel))
    }

    async fn purge(&self, keys: Vec<String>) -> Result<usize, QueueError> {
        through!(self.purge(keys))
    }

    async fn memory(&self) -> Result<Vec<ShardMemory>, QueueError> {
        through!(self.memory())
    }

    async fn check(&self) -> Result<Checked, QueueError> {
        through!(self.check())
    }

    async fn report(&self, report: WorkerReport, keep: Duration) -> Result<(), QueueError> {
        through!(self.report(report, keep))
    }

    async fn reports(&self) -> Result<Vec<WorkerReport>, QueueError> {
        through!(self.reports())
    }
}
