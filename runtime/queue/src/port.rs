//! The port of the queue: what relay, worker and gateway may ask of it, whichever engine stands behind.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Cancel, CopyOf, Job, JobId, JobType, Offset, Passed, Position, Progress, TopicPartition};

use crate::{
    Answer, Checked, Claim, ClaimRef, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, JobPage, JobView,
    ListQuery, Offer, Pushed, QueueError, Settlement, ShardMemory, Swept, WorkerId, WorkerReport,
};

/// Pending and in-flight jobs. Derived state: all of it can be rebuilt from the log. Cheap to clone.
///
/// Guarantees, held by the conformance suite on every implementation: each operation happens whole or not at all,
/// also across a crash; a push is applied only at the offset the queue wants; a settle only under the claim's
/// current token; a job is in exactly one place.
pub trait Queue: Clone + Send + Sync + 'static {
    /// Into how many parts the queue is cut that fail each for itself, such as servers.
    fn parts(&self) -> usize {
        1
    }

    /// The part in which a job lies, from 0. A renew or a settle whose jobs all lie in one part does not fail because
    /// another one is away, so whoever holds claims asks part by part.
    fn part_of(&self, _id: JobId) -> usize {
        0
    }

    /// Begins or resumes a partition: forgets what `progress` says is settled, and answers the offset wanted next.
    ///
    /// A queue that has never seen the partition begins at the progress's floor, and drops pushes of the offsets settled
    /// above it. One that has seen it goes on where it was, or at the floor if that is further; live jobs that
    /// `progress` says are settled are dropped, for then the queue was rolled back by a crash. May be repeated at any
    /// time. The dead-letter topic is a partition like others, but nothing in it is ever unsettled: resume it with
    /// `Progress::default()`, so that a wiped queue reads all its letters again.
    ///
    /// # Errors
    /// `Unavailable` also when `progress` is of an older epoch than the partition is in here: somebody has adopted it since
    /// that was read. Read it again.
    fn resume(
        &self,
        lane: &TopicPartition,
        progress: &Progress,
    ) -> impl Future<Output = Result<Offset, QueueError>> + Send;

    /// The last record that pushes of the partition have passed; `None` when it is not known, or none was.
    fn passed(
        &self,
        lane: &TopicPartition,
    ) -> impl Future<Output = Result<Option<Passed>, QueueError>> + Send;

    /// Begins the partition anew at `from`, because its offsets mean other records than they did, in an epoch: progress of an
    /// older one does not resume it any more. Jobs that came from it live on; what becomes of them does not touch the new offsets,
    /// until their records come again there: then they stand at those. What was inherited or parked before is so still: copies of it
    /// are the jobs when they come. Of a topic of parked jobs: others of the type do not wait any more for those that are out, and
    /// copies that are still there are the jobs. For an operator who has decided that. Begins a partition that is not known.
    fn adopt(
        &self,
        lane: &TopicPartition,
        from: Offset,
        epoch: u64,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Applies `push.entries` and moves the partition's wanted offset from `push.from` to `push.to`, in one step; or
    /// answers with the offset it wants instead. A queue that was wiped does not know its partitions any more and
    /// answers [`Pushed::Unknown`], also to an empty push: that is how a wipe is noticed, and `resume` mends it.
    fn push(&self, push: Push) -> impl Future<Output = Result<Pushed, QueueError>> + Send;

    /// The offset of the partition that is wanted next; `None` when the queue does not know the partition, or has no room to
    /// answer. It asks with an empty push from `guess`, any offset.
    fn wanted(
        &self,
        lane: &TopicPartition,
        guess: Offset,
    ) -> impl Future<Output = Result<Option<Offset>, QueueError>> + Send {
        async move {
            let question =
                Push { lane: lane.clone(), from: guess, to: guess, passed: None, entries: Vec::new() };
            Ok(match self.push(question).await? {
                Pushed::Applied { .. } => Some(guess),
                Pushed::Wants(wanted) => Some(wanted),
                // Nothing is in an empty push that could be too much, or too early.
                Pushed::Unknown | Pushed::Full | Pushed::Over(_) | Pushed::Early(_) => None,
            })
        }
    }

    /// Takes in jobs that stand in no log, each as a push would: an answer per job, in order. They live as long as the
    /// queue does, and so do their dead letters, which nobody is owed. A job whose dead letter is still owed to the log
    /// is a duplicate, also a redrive, until that is paid.
    fn enqueue(&self, jobs: Vec<NewJob>) -> impl Future<Output = Result<Enqueued, QueueError>> + Send;

    /// Takes in children that the queue owes itself, each as [`Queue::enqueue`] would, but with room for them where there is none
    /// for others: what is owed takes as much until it is paid. For whoever pays, and then says so.
    fn enqueue_owed(
        &self,
        children: Vec<NewJob>,
    ) -> impl Future<Output = Result<Enqueued, QueueError>> + Send;

    /// Up to `take.max` jobs of the offered types; each is in flight for `take.lease`. Between types the order is fair by
    /// their weights, up to a few jobs at a turn; within a type by priority, then by age. Never more of a type than its concurrency and its rate
    /// allow over all workers, and nothing of a type that the highest revision shown so far pauses.
    /// Repeating a worker's last request gives what is left of the same claims; an older request gives nothing.
    /// Cost: O(jobs given), whatever is pending and however many types are idle.
    fn take(&self, take: Take) -> impl Future<Output = Result<Vec<Claim>, QueueError>> + Send;

    /// Resolves when a take may give something, and at the latest after `at_most`.
    ///
    /// This is about the takes made through the same handle. After one that gave as much as was asked for it resolves at
    /// once. After one that gave less it resolves at the next change: a job became pending, fell due or lost its lease,
    /// or a place became free in a type whose concurrency had held jobs back. Of several that wait, at least as many are
    /// woken as there are jobs; a wake-up that is lost on the way costs at most a second. So a worker that cannot take what
    /// there is does not spin; it takes without waiting when its own offer has changed. May resolve for a job that another
    /// worker gets.
    fn ready(&self, at_most: Duration) -> impl Future<Output = ()> + Send;

    /// Moves the leases of these claims to `lease` from now; answers the ones that are lost.
    fn renew(
        &self,
        claims: Vec<ClaimRef>,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<ClaimRef>, QueueError>> + Send;

    /// Applies verdicts, each once: an answer per settlement, in order. Jobs buried owe a dead letter to the log, and jobs
    /// completed their children ([`Settlement::with_children`]), in the same step; their offset counts as settled only when
    /// that debt is paid. Shared, so that the caller can repeat the same settlements
    /// after an error; one that had been applied then answers [`Answer::Lost`].
    fn settle(
        &self,
        settlements: Arc<[Settlement]>,
    ) -> impl Future<Output = Result<Vec<Answer>, QueueError>> + Send;

    /// Returns jobs with expired leases and jobs fallen due to pending, at most `max` of them; forgets results and
    /// done-marks whose time is over.
    fn sweep(&self, max: usize) -> impl Future<Output = Result<Swept, QueueError>> + Send;

    /// What the queue owes, at most `max` debts: of each of its parts the oldest first, and no part's hide those of another for
    /// good. Stays owed until paid.
    fn owed(&self, max: usize) -> impl Future<Output = Result<Vec<Debt>, QueueError>> + Send;

    /// Resolves when something is owed, at once if it is already, and at the latest after `at_most`. Whoever cannot pay
    /// has to pause by itself.
    fn owing(&self, at_most: Duration) -> impl Future<Output = ()> + Send;

    /// Forgets debts: what was owed is where it belongs, all of it. The offsets behind them are settled now.
    fn paid(&self, debts: Vec<DebtId>) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// How far a partition is settled; nothing of one that is unknown. The floor never passes the wanted offset.
    /// Cost: O(ranges).
    fn progress(&self, lane: &TopicPartition) -> impl Future<Output = Result<Progress, QueueError>> + Send;

    /// Jobs per type and state. O(types), never O(jobs).
    fn counts(&self) -> impl Future<Output = Result<BTreeMap<JobType, Counts>, QueueError>> + Send;

    /// One job, wherever it is; `None` when it is unknown, or forgotten. Of a finished job the newest run is shown.
    fn job(&self, id: JobId) -> impl Future<Output = Result<Option<JobView>, QueueError>> + Send;

    /// A job as it was accepted, with its payload, while the queue keeps that: pending, scheduled, in flight or dead. `None` of
    /// one that is done, whose payload has gone with it, and of one that is unknown. It may move between this and other calls.
    /// Cost: O(1), and its bytes are read.
    fn record(&self, id: JobId) -> impl Future<Output = Result<Option<Job>, QueueError>> + Send;

    /// A page of the jobs in one state, in an order that suits the engine. Jobs that move meanwhile may be missed or come
    /// twice; others come once. `last` of the views is left out, and dead letters are asked for with [`Queue::dead`].
    /// Cost: O(page), or O(jobs looked at) where a type is asked for in a state that is not kept by type.
    fn list(&self, query: ListQuery) -> impl Future<Output = Result<JobPage, QueueError>> + Send;

    /// A page of dead letters, in order of their ids.
    fn dead(&self, query: DeadQuery) -> impl Future<Output = Result<DeadPage, QueueError>> + Send;

    /// Cancels a job that is not done: pending and scheduled ones at once, one in flight by revoking its claim.
    /// Answers whether the queue knew it and it was not done.
    fn cancel(&self, cancel: Cancel) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Throws away dead letters by their keys, for good; answers how many there were. Ones that are still owed stay.
    /// Letters that stand in the log come back when the queue is built anew: they end by a record there.
    fn purge(&self, keys: Vec<String>) -> impl Future<Output = Result<usize, QueueError>> + Send;

    /// How much memory the servers have on which it lies, shard by shard; nothing of a queue that lies on a disk. Measured now.
    /// One that does not answer within a second says only that. Cost: a call per shard.
    fn memory(&self) -> impl Future<Output = Result<Vec<ShardMemory>, QueueError>> + Send;

    /// The queue's own check (fsck): each job is in exactly one place, and every count is what it counts. Cost:
    /// O(everything); what is written meanwhile is not held against it.
    fn check(&self) -> impl Future<Output = Result<Checked, QueueError>> + Send;

    /// Shows what a worker tells of itself, in place of what it told before, for `keep` from now. No job depends on it: it may
    /// be lost at any time, and a later one makes up for it. Cost: O(its bytes).
    fn report(
        &self,
        report: WorkerReport,
        keep: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// What workers have told of themselves and is still kept, in any order. Cost: O(bytes of all reports).
    fn reports(&self) -> impl Future<Output = Result<Vec<WorkerReport>, QueueError>> + Send;
}

/// A piece of a partition, to be applied at once.
#[derive(Clone, Debug)]
pub struct Push {
    pub lane: TopicPartition,
    /// The offset the queue is expected to want.
    pub from: Offset,
    /// The offset it wants afterwards. Equal to `from` in an empty push, which only asks.
    pub to: Offset,
    /// The last record before `to`; `None` keeps what is known, as an empty push does.
    pub passed: Option<Passed>,
    /// In order of their offsets, all within `from..to`. Offsets without an entry are settled by the push.
    pub entries: Vec<Entry>,
}

/// What a record means to the queue.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A job to run, not before its [`Job::run_at`]. Dropped as a duplicate if it is alive, dead with as many redrives, done within its window (if its
    /// id can come twice), or settled at this offset. One with more redrives than its dead letter brings it back.
    Job { offset: Offset, new: NewJob },
    /// A job whose record takes the place of another one of its own, `of.origin`, which stands in this partition (it was
    /// appended again) or in the partition of its queue with the same number (it was parked).
    ///
    /// Appended again: the job moves here when it lives at the origin, with all its state, and the origin's offset is settled.
    /// When it does not, it is dropped as a duplicate, unless the origin is settled by what the log said in a resume and not
    /// by what happened here: then the job was moved before this queue was lost, and begins here, with the attempts and the
    /// due time of the copy.
    ///
    /// Parked: it begins here if the origin was passed by [`Entry::Parked`] and no copy of it has come yet, or if the origin is
    /// settled by what the log said in a resume. Else it is a copy too many, and dropped as a duplicate. A copy whose origin has not been passed yet makes the push answer [`Pushed::Early`].
    Copy { offset: Offset, new: NewJob, of: CopyOf },
    /// A job of this type stood here and was parked: its copy is in the log. While copies are out, later jobs of the type in
    /// this partition are over, so that the order is kept.
    ///
    /// Nothing is parked at an offset that the progress of the resume says is settled: that would run again.
    Parked { offset: Offset, job_type: JobType },
    /// A copy of a parked job became a dead letter on its way: it is out no more.
    Ended { offset: Offset, job_type: JobType, origin: Position },
    /// A caller's wish to cancel.
    Cancel { offset: Offset, cancel: Cancel },
    /// A dead letter stands in the log at this offset: show it, unless the job is alive, or done since with more redrives.
    Dead { offset: Offset, letter: Arc<wasmill_job::DeadLetter> },
    /// The dead letter with this key in the log ([`wasmill_job::DeadLetter::record_key`]) was redriven or purged: stop showing it.
    /// One that is still owed, or that the job has left at a later death, cannot be meant.
    Undead { offset: Offset, key: String },
}

/// A job that comes into the queue, and what the routing table says about its coming.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    pub job: Job,
    /// In which a repeat of the job is a duplicate once it is done, if its id can come twice.
    pub dedup_window: Duration,
    /// The job is not taken in when so many of its type are pending or scheduled. A redrive always is, and a job that moves.
    pub max_pending: Option<u64>,
    /// The job in wire format, where it stands in the log and is at hand: it need not be written again. Says what `job` says.
    pub record: Option<Bytes>,
}

/// A worker's request for jobs.
#[derive(Clone, Debug)]
pub struct Take {
    pub worker: WorkerId,
    /// Counts the worker's requests; a repeated number is a repeated request.
    pub request: u64,
    pub max: usize,
    pub lease: Duration,
    pub offer: Arc<Offer>,
}

impl NewJob {
    /// A job that comes in however many of its type are pending.
    #[must_use]
    pub fn new(job: Job, dedup_window: Duration) -> Self {
        Self { job, dedup_window, max_pending: None, record: None }
    }
}

impl Push {
    /// What contradicts itself in it, if anything does.
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { lane, from, to, entries, .. } = self;
        if to < from {
            return Some(format!("a push to {lane} goes from {from} back to {to}"));
        }
        let mut free = *from;
        for offset in entries.iter().map(Entry::offset) {
            if offset < free || offset >= *to {
                return Some(format!(
                    "a push to {lane} of {from}..{to} has an entry at {offset}, out of its range or order"
                ));
            }
            free = offset.next();
        }
        let origins = entries.iter().filter_map(|entry| match entry {
            Entry::Copy { of, .. } => Some(&of.origin),
            _ => None,
        });
        origins.filter(|origin| origin.partition != lane.partition).map(|origin| {
            format!("a push to {lane} has a copy of what stands at {} of {}, which is a partition of another number", origin.offset, origin.topic_partition())
        }).next()
    }
}

impl Entry {
    /// Where its record stands.
    pub fn offset(&self) -> Offset {
        match self {
            Self::Job { offset, .. }
            | Self::Copy { offset, .. }
            | Self::Parked { offset, .. }
            | Self::Ended { offset, .. }
            | Self::Cancel { offset, .. }
            | Self::Dead { offset, .. }
            | Self::Undead { offset, .. } => *offset,
        }
    }
}
