//! The handle: the port's operations as commands to the thread.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use wasmill_job::{Cancel, Clock, Job, JobId, JobType, Offset, Passed, Progress, TopicPartition, UnixMs};

use super::actor::Actor;
use super::command::{Command, Reply};
use super::config::{EmbeddedConfig, OpenError, Opening};
use super::folder::Folder;
use crate::{
    Answer, Checked, Claim, ClaimRef, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, JobPage, JobView,
    ListQuery, NewJob, Push, Pushed, Queue, QueueError, Settlement, ShardMemory, Swept, Take, WorkerId,
    WorkerReport,
};

/// The queue inside this process. Cheap to clone; when the last handle is dropped the thread writes out what it holds
/// and ends.
///
/// [`Queue::ready`] is about the takes of the same handle: after one that gave as much as was asked for it resolves at
/// once, after one that gave less it waits for the next change. A worker therefore keeps one handle of its own.
pub struct EmbeddedQueue {
    commands: Sender<Command>,
    news: watch::Receiver<u64>,
    owing: watch::Receiver<usize>,
    /// The news that this handle's last take accounts for; 0 when another take may give more.
    seen: AtomicU64,
    reports: Arc<Reports>,
}

/// What workers of this process tell of themselves, each until when. It is not stored: they end with the process.
struct Reports {
    clock: Arc<dyn Clock>,
    kept: Mutex<BTreeMap<WorkerId, (UnixMs, WorkerReport)>>,
}

/// The first number of news, so that none is 0.
const FIRST_NEWS: u64 = 1;

impl EmbeddedQueue {
    /// Opens the queue in `config.folder`, or begins one. What is there is checked; if it is not sound, or derived from
    /// another log than `log`, it is set aside and an empty queue begun. Cost: O(everything stored), two to three seconds for
    /// 1,000,000 jobs.
    ///
    /// # Errors
    /// When the folder is in use or cannot be prepared, or not even an empty queue can be begun in it.
    pub async fn open(
        config: EmbeddedConfig,
        log: u128,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Opening), OpenError> {
        let path = config.folder.clone();
        let (commands, received) = channel();
        let (news, news_seen) = watch::channel(FIRST_NEWS);
        let (owing, owing_seen) = watch::channel(0);
        let (opened, open) = oneshot::channel();
        let reports = Arc::new(Reports { clock: Arc::clone(&clock), kept: Mutex::default() });
        let work = move || {
            let folder = Folder::lock(config, log);
            let actor = folder.and_then(|folder| Actor::open(folder, clock, news, owing));
            let (actor, opening) = match actor {
                Ok((actor, opening)) => (actor, Ok(opening)),
                Err(error) => return drop(opened.send(Err(error))),
            };
            if opened.send(opening).is_ok()
                && let Some(closed) = actor.run(&received)
            {
                // The folder is free by now: whoever waits for that may be gone.
                let _ = closed.send(());
            }
        };
        let spawned = std::thread::Builder::new().name("queue".into()).spawn(work);
        spawned.map_err(|source| OpenError::Folder { folder: path.clone(), source })?;
        let opening = open.await.unwrap_or_else(|_| {
            Err(OpenError::Engine { folder: path, reason: "its thread ended before it was open".into() })
        })?;
        let seen = AtomicU64::new(0);
        Ok((Self { commands, news: news_seen, owing: owing_seen, seen, reports }, opening))
    }

    /// Writes everything out and frees the folder; returns when that is done. Later operations answer `Closed`.
    pub async fn close(&self) {
        let (closed, wait) = oneshot::channel();
        if self.commands.send(Command::Close(closed)).is_ok() {
            // An error means that it had been closed already.
            drop(wait.await);
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| QueueError::Closed)?;
        answer.await.unwrap_or(Err(QueueError::Closed))
    }
}

impl Queue for EmbeddedQueue {
    async fn resume(&self, lane: &TopicPartition, progress: &Progress) -> Result<Offset, QueueError> {
        self.ask(|reply| Command::Resume(lane.clone(), progress.clone(), reply)).await
    }

    async fn passed(&self, lane: &TopicPartition) -> Result<Option<Passed>, QueueError> {
        self.ask(|reply| Command::Passed(lane.clone(), reply)).await
    }

    async fn adopt(&self, lane: &TopicPartition, from: Offset, epoch: u64) -> Result<(), QueueError> {
        self.ask(|reply| Command::Adopt(lane.clone(), from, epoch, reply)).await
    }

    async fn push(&self, push: Push) -> Result<Pushed, QueueError> {
        self.ask(|reply| Command::Push(push, reply)).await
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        self.ask(|reply| Command::Enqueue(jobs, false, reply)).await
    }

    async fn enqueue_owed(&self, children: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        self.ask(|reply| Command::Enqueue(children, true, reply)).await
    }

    async fn take(&self, take: Take) -> Result<Vec<Claim>, QueueError> {
        let max = take.max;
        let (claims, news) = self.ask(|reply| Command::Take(take, reply)).await?;
        let may_give_more = claims.len() >= max;
        self.seen.store(if may_give_more { 0 } else { news }, Ordering::Relaxed);
        Ok(claims)
    }

    async fn ready(&self, at_most: Duration) {
        let seen = self.seen.load(Ordering::Relaxed);
        if seen != 0 {
            // An error means that the time is over, which is as good.
            drop(tokio::time::timeout(at_most, changed(self.news.clone(), |news| *news != seen)).await);
        }
    }

    async fn renew(&self, claims: Vec<ClaimRef>, lease: Duration) -> Result<Vec<ClaimRef>, QueueError> {
        self.ask(|reply| Command::Renew(claims, lease, reply)).await
    }

    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Vec<Answer>, QueueError> {
        self.ask(|reply| Command::Settle(settlements, reply)).await
    }

    async fn sweep(&self, max: usize) -> Result<Swept, QueueError> {
        self.ask(|reply| Command::Sweep(max, reply)).await
    }

    async fn owed(&self, max: usize) -> Result<Vec<Debt>, QueueError> {
        self.ask(|reply| Command::Owed(max, reply)).await
    }

    async fn owing(&self, at_most: Duration) {
        // An error means that the time is over, which is as good.
        drop(tokio::time::timeout(at_most, changed(self.owing.clone(), |owing| *owing > 0)).await);
    }

    async fn paid(&self, debts: Vec<DebtId>) -> Result<(), QueueError> {
        self.ask(|reply| Command::Paid(debts, reply)).await
    }

    async fn progress(&self, lane: &TopicPartition) -> Result<Progress, QueueError> {
        self.ask(|reply| Command::Progress(lane.clone(), reply)).await
    }

    async fn counts(&self) -> Result<BTreeMap<JobType, Counts>, QueueError> {
        self.ask(Command::Counts).await
    }

    async fn job(&self, id: JobId) -> Result<Option<JobView>, QueueError> {
        self.ask(|reply| Command::Job(id, reply)).await
    }

    async fn record(&self, id: JobId) -> Result<Option<Job>, QueueError> {
        self.ask(|reply| Command::Record(id, reply)).await
    }

    async fn list(&self, query: ListQuery) -> Result<JobPage, QueueError> {
        self.ask(|reply| Command::List(query, reply)).await
    }

    async fn dead(&self, query: DeadQuery) -> Result<DeadPage, QueueError> {
        self.ask(|reply| Command::Dead(query, reply)).await
    }

    async fn cancel(&self, cancel: Cancel) -> Result<bool, QueueError> {
        self.ask(|reply| Command::Cancel(cancel, reply)).await
    }

    async fn purge(&self, keys: Vec<String>) -> Result<usize, QueueError> {
        self.ask(|reply| Command::Purge(keys, reply)).await
    }

    /// Nothing: jobs lie on the disk, and what memory holds of them is this process's.
    async fn memory(&self) -> Result<Vec<ShardMemory>, QueueError> {
        Ok(Vec::new())
    }

    /// Also that the store says what memory says. Tells the first thing found wrong, and the queue does nothing else
    /// meanwhile.
    async fn check(&self) -> Result<Checked, QueueError> {
        self.ask(Command::Check).await
    }

    async fn report(&self, report: WorkerReport, keep: Duration) -> Result<(), QueueError> {
        let until = self.reports.clock.now().plus(keep);
        self.reports.kept().insert(report.worker, (until, report));
        Ok(())
    }

    async fn reports(&self) -> Result<Vec<WorkerReport>, QueueError> {
        Ok(self.reports.kept().values().map(|(_, report)| report.clone()).collect())
    }
}

impl Reports {
    /// Those that are still kept; forgets the others.
    fn kept(&self) -> MutexGuard<'_, BTreeMap<WorkerId, (UnixMs, WorkerReport)>> {
        let now = self.clock.now();
        // The map is whole between any two calls on it.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (until, _)| *until > now);
        kept
    }
}

impl Clone for EmbeddedQueue {
    fn clone(&self) -> Self {
        let seen = AtomicU64::new(self.seen.load(Ordering::Relaxed));
        let reports = Arc::clone(&self.reports);
        Self {
            commands: self.commands.clone(),
            news: self.news.clone(),
            owing: self.owing.clone(),
            seen,
            reports,
        }
    }
}

/// Waits until the value is as wished; for ever when it will not change any more.
async fn changed<T>(mut value: watch::Receiver<T>, wished: impl FnMut(&T) -> bool) {
    if value.wait_for(wished).await.is_err() {
        pending::<()>().await;
    }
}
