//! What a handle asks of the thread, and where the answer goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;
use wasmill_job::{Cancel, Job, JobId, JobType, Offset, Passed, Progress, TopicPartition};

use crate::{
    Answer, Checked, Claim, ClaimRef, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, JobPage, JobView,
    ListQuery, NewJob, Push, Pushed, QueueError, Settlement, Swept, Take,
};

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, QueueError>>;

/// One operation.
pub(super) enum Command {
    Resume(TopicPartition, Progress, Reply<Offset>),
    Passed(TopicPartition, Reply<Option<Passed>>),
    Adopt(TopicPartition, Offset, u64, Reply<()>),
    Push(Push, Reply<Pushed>),
    /// Jobs that stand in no log; whether they are children that the queue owes itself.
    Enqueue(Vec<NewJob>, bool, Reply<Enqueued>),
    /// Answers the claims and the number of the last news they take account of.
    Take(Take, Reply<(Vec<Claim>, u64)>),
    Renew(Vec<ClaimRef>, std::time::Duration, Reply<Vec<ClaimRef>>),
    Settle(Arc<[Settlement]>, Reply<Vec<Answer>>),
    Sweep(usize, Reply<Swept>),
    Owed(usize, Reply<Vec<Debt>>),
    Paid(Vec<DebtId>, Reply<()>),
    Progress(TopicPartition, Reply<Progress>),
    Counts(Reply<BTreeMap<JobType, Counts>>),
    Job(JobId, Reply<Option<JobView>>),
    Record(JobId, Reply<Option<Job>>),
    Dead(DeadQuery, Reply<DeadPage>),
    List(ListQuery, Reply<JobPage>),
    Cancel(Cancel, Reply<bool>),
    Purge(Vec<String>, Reply<usize>),
    Check(Reply<Checked>),
    Close(oneshot::Sender<()>),
}
