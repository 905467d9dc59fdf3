//! The handle: the port's operations, each sent to the shards it concerns. A job's shard follows from its generation and its
//! partition, so any id finds its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::time::Instant;
use wasmill_job::{Cancel, Job, JobId, JobType, Offset, Passed, Progress, TopicPartition};

use super::cursor::read_cursor;
use super::link::Link;
use super::news::News;
use super::pushing::Source;
use super::script::Name;
use super::settling;
use super::shard::{Cursor, Shard};
use super::trouble::Trouble;
use super::{check, gauges, letter, start};
use crate::{
    Answer, Checked, Claim, ClaimRef, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, JobPage, JobView,
    ListQuery, NewJob, Offer, Push, Pushed, Queue, QueueError, RedisConfig, RedisStart, RedisStartError,
    Settlement, ShardMemory, State, Swept, Take, WorkerId, WorkerReport,
};

/// The queue in Redis. Cheap to clone; clones share one connection to each server.
///
/// Nothing is connected before the first call. While Redis cannot be reached a call answers `Unavailable`, with the reason:
/// at once where the address refuses or was tried a moment ago, after two seconds where nothing answers. The caller tries
/// again. Of several servers each stands for itself: while one is away, its calls fail at once, what concerns one job or one
/// lane on the others is done, and take, sweep, counts and what is owed leave its shards out.
///
/// [`Queue::ready`] is about the takes of the same handle, so a worker keeps one of its own.
pub struct RedisQueue {
    pub(super) shared: Arc<Shared>,
    pub(super) wait: Mutex<Wait>,
}

/// What clones share.
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) news: Arc<News>,
    /// The offer that was hashed last.
    pub(super) offer: Mutex<Option<(Arc<Offer>, String)>>,
    /// By worker and shard, the request that was not answered while other shards' were: perhaps it was done, and holds
    /// claims. It is repeated before another one.
    pub(super) unanswered: Mutex<HashMap<(WorkerId, usize), u64>>,
    /// Whether this process mends, by shard.
    pub(super) mending: Vec<AtomicBool>,
    /// The shard whose debts are asked for first: after a full answer the next one has its turn, or those of one could fill them all.
    pub(super) owed_first: AtomicUsize,
}

/// What `ready` waits for.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    /// The last take gave as much as was asked for, or there was none yet.
    Nothing,
    /// News for the worker beyond what it had been told, or a moment.
    News { worker: WorkerId, told: u64, until: Option<Instant> },
}

/// A debt's shard stands above its number.
const SHARD_SHIFT: u32 = 48;

impl RedisQueue {
    /// A queue at this address. Connects to nothing yet.
    ///
    /// # Errors
    /// [`RedisStartError::Refused`] when address or name cannot be used.
    pub fn new(config: &RedisConfig) -> Result<Self, RedisStartError> {
        let news = Arc::new(News::default());
        let link = Link::new(config, rand::random(), Arc::clone(&news))?;
        let mending = link.cores().iter().map(|_| AtomicBool::new(false)).collect();
        let (offer, unanswered) = (Mutex::default(), Mutex::default());
        let shared = Shared { link, news, offer, unanswered, mending, owed_first: AtomicUsize::new(0) };
        Ok(Self { shared: Arc::new(shared), wait: Mutex::new(Wait::Nothing) })
    }

    /// Asks the server whether it can be trusted with jobs: its version, role, eviction policy, memory, persistence and the
    /// layout of what is stored.
    ///
    /// # Errors
    /// `Unavailable` passes by itself, so ask again; `Refused` needs a person.
    pub async fn start(&self) -> Result<RedisStart, RedisStartError> {
        start::start(&self.shared.link).await
    }

    /// Hosts and ports of the servers, for people.
    pub fn address(&self) -> String {
        self.shared.link.address()
    }

    /// The servers that have not answered for at least so long, a sentence each, as far as calls have shown. Asks nobody.
    pub fn away(&self, at_least: Duration) -> Vec<String> {
        let away = self.shared.link.servers().iter().filter_map(|server| server.away());
        let long = away.filter(|(since, _)| since.elapsed() >= at_least);
        long.map(|(_, why)| QueueError::from(why).reason().to_owned()).collect()
    }

    /// Counts the jobs and shows that in the gauges `wasmill_queue_pending`, `_scheduled`, `_in_flight` and `_dead` per `type`,
    /// of at most 1,000 types by name. They are the queue's, not the process's: of several processes that show them, take one.
    /// Cost: O(types).
    ///
    /// # Errors
    /// `Unavailable`; the gauges stay what they were.
    pub async fn show_gauges(&self) -> Result<(), QueueError> {
        gauges::tell(&self.counts().await?);
        Ok(())
    }

    /// Ends the connections.
    pub async fn close(&self) {
        self.shared.link.close().await;
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = Shard<'_>> {
        let link = &self.shared.link;
        (0..link.cores().len()).map(move |number| Shard { link, number })
    }

    pub(super) fn shard(&self, number: usize) -> Shard<'_> {
        Shard { link: &self.shared.link, number }
    }

    /// Where a lane of jobs is: with them.
    pub(super) fn shard_of_lane(&self, lane: &TopicPartition) -> Result<Shard<'_>, Trouble> {
        let number = self.shared.link.shard_of(lane.topic.server_set(), lane.partition)?;
        Ok(self.shard(number))
    }

    pub(super) fn shard_of(&self, id: JobId) -> Result<Shard<'_>, Trouble> {
        let number = self.shared.link.shard_of(id.generation().server_set(), id.partition())?;
        Ok(self.shard(number))
    }

    /// Where a dead letter with this key is: with its job, or in the first shard.
    pub(super) fn shard_of_letter(&self, key: &str) -> Result<Shard<'_>, Trouble> {
        key.parse().map_or_else(|_| Ok(self.shard(0)), |id| self.shard_of(id))
    }
}

impl Queue for RedisQueue {
    fn parts(&self) -> usize {
        self.shared.link.servers().len()
    }

    fn part_of(&self, id: JobId) -> usize {
        // What concerns a job of servers that are not known here fails whatever part it is counted to.
        self.shard_of(id).map_or(0, |shard| self.shared.link.server_of(shard.number))
    }

    async fn resume(&self, lane: &TopicPartition, progress: &Progress) -> Result<Offset, QueueError> {
        self.resume_lane(lane, progress).await
    }

    async fn passed(&self, lane: &TopicPartition) -> Result<Option<Passed>, QueueError> {
        self.passed_of_lane(lane).await
    }

    async fn adopt(&self, lane: &TopicPartition, from: Offset, epoch: u64) -> Result<(), QueueError> {
        self.adopt_lane(lane, from, epoch).await
    }

    async fn push(&self, push: Push) -> Result<Pushed, QueueError> {
        self.push_lane(push).await
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        self.enqueue_jobs(jobs, Source::Direct).await
    }

    async fn enqueue_owed(&self, children: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        self.enqueue_jobs(children, Source::Owed).await
    }

    async fn take(&self, take: Take) -> Result<Vec<Claim>, QueueError> {
        self.take_jobs(take).await
    }

    async fn ready(&self, at_most: Duration) {
        self.wait_for_jobs(at_most).await;
    }

    async fn renew(&self, claims: Vec<ClaimRef>, lease: Duration) -> Result<Vec<ClaimRef>, QueueError> {
        let mut by_shard: Vec<Vec<ClaimRef>> = vec![Vec::new(); self.shared.link.cores().len()];
        for claim in claims {
            by_shard[self.shard_of(claim.id)?.number].push(claim);
        }
        let busy = self.shards().filter(|shard| !by_shard[shard.number].is_empty());
        let renewals = busy.map(|shard| {
            let claims = &by_shard[shard.number];
            async move { shard.renew(claims, lease).await }
        });
        Ok(try_join_all(renewals).await?.concat())
    }

    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Vec<Answer>, QueueError> {
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); self.shared.link.cores().len()];
        for (at, settlement) in settlements.iter().enumerate() {
            places[self.shard_of(settlement.reference().id)?.number].push(at);
        }
        let calls = self.shards().filter(|shard| !places[shard.number].is_empty()).map(|shard| {
            let (places, link) = (&places[shard.number], &self.shared.link);
            let mut call = link.call(Name::Settle, shard.number);
            places.iter().for_each(|at| settling::add(&mut call, &settlements[*at]));
            async move { Ok::<_, Trouble>((places, link.run(&call).await?)) }
        });
        let mut answers = vec![Answer::Lost; settlements.len()];
        // All are waited for, so that a repeat finds every shard done.
        for done in join_all(calls).await {
            let (places, letters) = done?;
            let letters = match letters {
                redis::Value::BulkString(letters) => letters,
                other => return Err(Trouble::nonsense(&format!("no letters but {other:?}")).into()),
            };
            places.iter().zip(settling::answers(&letters)).for_each(|(at, answer)| answers[*at] = answer);
        }
        Ok(answers)
    }

    async fn sweep(&self, max: usize) -> Result<Swept, QueueError> {
        self.sweep_shards(max).await
    }

    async fn owed(&self, max: usize) -> Result<Vec<Debt>, QueueError> {
        let (mut debts, mut answers, mut trouble) = (Vec::new(), false, None);
        let mut shards: Vec<_> = self.shards().collect();
        shards.rotate_left(self.shared.owed_first.swap(0, Ordering::Relaxed));
        for shard in shards {
            let most = max.saturating_sub(debts.len());
            if most == 0 {
                self.shared.owed_first.store(shard.number, Ordering::Relaxed);
                break;
            }
            match shard.owed(most).await {
                Ok(owed) => {
                    answers = true;
                    debts.extend(owed.into_iter().map(|(number, owes)| Debt {
                        id: DebtId((shard.number as u64) << SHARD_SHIFT | number),
                        owes,
                    }));
                }
                Err(why) => trouble = Some(why),
            }
        }
        match trouble.filter(|_| !answers) {
            Some(trouble) => Err(trouble.into()),
            None => Ok(debts),
        }
    }

    async fn owing(&self, at_most: Duration) {
        let told = self.shared.news.owed();
        // What is owed already was perhaps published before anybody listened.
        if self.owed(1).await.is_ok_and(|debts| !debts.is_empty()) {
            return;
        }
        // An error means that the time is over, which is as good.
        let _ = tokio::time::timeout(at_most, self.shared.news.until(|news| news.owed() > told)).await;
    }

    async fn paid(&self, debts: Vec<DebtId>) -> Result<(), QueueError> {
        let mut by_shard: Vec<Vec<u64>> = vec![Vec::new(); self.shared.link.cores().len()];
        for DebtId(debt) in debts {
            let shard = usize::try_from(debt >> SHARD_SHIFT).unwrap_or(usize::MAX);
            if let Some(debts) = by_shard.get_mut(shard) {
                debts.push(debt & ((1 << SHARD_SHIFT) - 1));
            }
        }
        let mut paid = Ok(());
        // All of them, also behind one that fails: paying twice does no harm.
        for shard in self.shards().filter(|shard| !by_shard[shard.number].is_empty()) {
            paid = paid.and(shard.paid(&by_shard[shard.number]).await);
        }
        Ok(paid?)
    }

    async fn progress(&self, lane: &TopicPartition) -> Result<Progress, QueueError> {
        self.progress_of_lane(lane).await
    }

    async fn counts(&self) -> Result<BTreeMap<JobType, Counts>, QueueError> {
        let mut sums = BTreeMap::<JobType, Counts>::new();
        let (mut answers, mut trouble) = (false, None);
        for counted in join_all(self.shards().map(|shard| async move { shard.counts().await })).await {
            match counted {
                Ok(counted) => {
                    answers = true;
                    for (name, counts) in counted {
                        let sum = sums.entry(name).or_default();
                        *sum = sum.plus(counts);
                    }
                }
                Err(why) => trouble = Some(why),
            }
        }
        match trouble.filter(|_| !answers) {
            Some(trouble) => Err(trouble.into()),
            None => Ok(sums),
        }
    }

    async fn job(&self, id: JobId) -> Result<Option<JobView>, QueueError> {
        Ok(self.shard_of(id)?.job(id).await?)
    }

    async fn record(&self, id: JobId) -> Result<Option<Job>, QueueError> {
        Ok(self.shard_of(id)?.record(id).await?)
    }

    async fn list(&self, query: ListQuery) -> Result<JobPage, QueueError> {
        let ListQuery { state, job_type, after, max } = query;
        let refused = |reason: &str| QueueError::Malformed { reason: reason.into() };
        if state == State::Dead {
            return Err(refused("dead letters have a list of their own"));
        }
        let (mut number, mut from) = match &after {
            None => (0, Cursor::default()),
            Some(cursor) => {
                read_cursor(cursor, state).ok_or_else(|| refused("that is no place in a list"))?
            }
        };
        let mut page = JobPage::default();
        while number < self.shared.link.cores().len() {
            let most = max - page.jobs.len();
            let (jobs, next) = self.shard(number).jobs(state, job_type.as_ref(), &from, most).await?;
            page.jobs.extend(jobs);
            let more_follow = next.is_some();
            (number, from) = match next {
                Some(next) => (number, next),
                None => (number + 1, Cursor::default()),
            };
            if more_follow || page.jobs.len() >= max {
                break;
            }
        }
        if number < self.shared.link.cores().len() {
            page.next = Some(format!("{number}.{}.{}", from.0, from.1));
        }
        Ok(page)
    }

    async fn dead(&self, query: DeadQuery) -> Result<DeadPage, QueueError> {
        let DeadQuery { job_type, after, max } = &query;
        let pages = self.shards().map(|shard| async move {
            shard.dead(job_type.as_ref(), after.as_deref(), max.saturating_add(1)).await
        });
        let mut letters = try_join_all(pages).await?.concat();
        letters.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let more_follow = letters.len() > *max;
        letters.truncate(*max);
        let next = letters.last().filter(|_| more_follow).map(|(key, _)| key.clone());
        let letters =
            letters.iter().map(|(_, bytes)| letter::shown(bytes)).collect::<Result<_, Trouble>>()?;
        Ok(DeadPage { letters, next })
    }

    async fn cancel(&self, cancel: Cancel) -> Result<bool, QueueError> {
        Ok(self.shard_of(cancel.id)?.cancel(cancel.id).await?)
    }

    async fn purge(&self, keys: Vec<String>) -> Result<usize, QueueError> {
        let mut by_shard: Vec<Vec<String>> = vec![Vec::new(); self.shared.link.cores().len()];
        for key in keys {
            by_shard[self.shard_of_letter(&key)?.number].push(key);
        }
        let mut purged = 0;
        for shard in self.shards().filter(|shard| !by_shard[shard.number].is_empty()) {
            purged += shard.purge(&by_shard[shard.number]).await?;
        }
        Ok(purged)
    }

    async fn memory(&self) -> Result<Vec<ShardMemory>, QueueError> {
        Ok(self.measure().await)
    }

    async fn check(&self) -> Result<Checked, QueueError> {
        let mut checked = Checked::default();
        for shard in self.shards() {
            check::check(&shard, &mut checked).await?;
        }
        Ok(checked)
    }

    async fn report(&self, report: WorkerReport, keep: Duration) -> Result<(), QueueError> {
        Ok(self.shard(0).report(&report, keep).await?)
    }

    async fn reports(&self) -> Result<Vec<WorkerReport>, QueueError> {
        Ok(self.shard(0).reports().await?)
    }
}

impl Clone for RedisQueue {
    fn clone(&self) -> Self {
        let wait = *self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        Self { shared: Arc::clone(&self.shared), wait: Mutex::new(wait) }
    }
}
