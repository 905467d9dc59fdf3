//! The handle: the port's operations, each sent to the shards it concerns. A job's shard follows from its partition, so
//! any id finds its own.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::time::Instant;
use wasmill_job::{Cancel, JobId, JobType, Offset, Partition, Passed, Progress, TopicPartition};

use super::cursor::read_cursor;
use super::link::Link;
use super::news::News;
use super::pushing::{ShardPushed, direct_entries};
use super::script::Name;
use super::settling;
use super::shard::{Cursor, Shard, ShardTaken};
use super::trouble::Trouble;
use super::{check, gauges, letter, start};
use crate::{
    Admission, Answer, Checked, Claim, ClaimRef, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, Entry,
    JobPage, JobView, ListQuery, NewJob, Offer, Push, Pushed, Queue, QueueError, RedisConfig, RedisStart,
    RedisStartError, Settlement, State, Swept, Take, WorkerId,
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
    shared: Arc<Shared>,
    wait: Mutex<Wait>,
}

/// What clones share.
struct Shared {
    link: Link,
    news: Arc<News>,
    /// The offer that was hashed last.
    offer: Mutex<Option<(Arc<Offer>, String)>>,
    /// By worker and shard, the request that was not answered while other shards' were: perhaps it was done, and holds
    /// claims. It is repeated before another one.
    unanswered: Mutex<HashMap<(WorkerId, usize), u64>>,
    /// Whether this process mends, by shard.
    mending: Vec<AtomicBool>,
}

/// What `ready` waits for.
#[derive(Clone, Copy)]
enum Wait {
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
        let shared = Shared { link, news, offer, unanswered, mending };
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

    fn shard(&self, number: usize) -> Shard<'_> {
        Shard { link: &self.shared.link, number }
    }

    fn shard_of_partition(&self, partition: Partition) -> Shard<'_> {
        self.shard(partition.0 as usize % self.shared.link.cores().len())
    }

    fn shard_of(&self, id: JobId) -> Shard<'_> {
        self.shard_of_partition(id.partition())
    }

    /// Where a dead letter with this key is: with its job, or in the first shard.
    fn shard_of_letter(&self, key: &str) -> Shard<'_> {
        key.parse().map_or_else(|_| self.shard(0), |id| self.shard_of(id))
    }

    fn shard_of_entry(&self, entry: &Entry) -> Shard<'_> {
        match entry {
            Entry::Job { new, .. } | Entry::Copy { new, .. } => self.shard_of(new.job.id),
            // A push with such an entry goes to its partition's shard whole.
            Entry::Parked { .. } | Entry::Ended { .. } => self.shard(0),
            Entry::Cancel { cancel, .. } => self.shard_of(cancel.id),
            Entry::Dead { letter, .. } => self.shard_of_letter(&letter.key()),
            Entry::Undead { key, .. } => self.shard_of_letter(key),
        }
    }

    /// A hash of the offer, by which a shard knows it again.
    fn offer_hash(&self, offer: &Arc<Offer>) -> String {
        // A poisoned lock still holds a whole pair.
        let mut known = self.shared.offer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hash)) = known.as_ref().filter(|(before, _)| Arc::ptr_eq(before, offer)) {
            return hash.clone();
        }
        let mut hasher = DefaultHasher::new();
        offer.hash(&mut hasher);
        let hash = format!("{:016x}", hasher.finish());
        *known = Some((Arc::clone(offer), hash.clone()));
        hash
    }

    /// The request to send to a shard: the one that it has not answered, or this.
    fn begin_request(&self, worker: WorkerId, shard: usize, request: u64) -> u64 {
        let mut unanswered = self.shared.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        *unanswered.entry((worker, shard)).or_insert(request)
    }

    fn end_request(&self, worker: WorkerId, shard: usize) {
        self.shared.unanswered.lock().unwrap_or_else(PoisonError::into_inner).remove(&(worker, shard));
    }

    /// Mends a shard, in a task of its own: it may take minutes, and the sweeps go on. One at a time.
    fn begin_to_mend(&self, number: usize) {
        let shared = Arc::clone(&self.shared);
        if shared.mending[number].swap(true, Ordering::AcqRel) {
            return;
        }
        tokio::spawn(async move {
            // After trouble the sign that somebody mends grows old, and whoever sees that begins anew.
            if let Err(trouble) = check::mend(&Shard { link: &shared.link, number }).await {
                let error = QueueError::from(trouble);
                tracing::warn!(
                    "what Redis has loaded is not looked at to the end, and will be again: {error}"
                );
            }
            shared.mending[number].store(false, Ordering::Release);
        });
    }

    fn set_wait(&self, wait: Wait) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
    }

    /// A lane that is spread over all shards: the dead letters' topic. Each shard has an offset of its own; the least is
    /// what the queue wants, and a shard that is ahead, after a crash between two of them, is given what it has not had.
    async fn push_spread(&self, push: &Push) -> Result<Pushed, Trouble> {
        let mut wants = Vec::new();
        for shard in self.shards() {
            match self.push_part(&shard, push, push.from).await? {
                ShardPushed::Applied(_) => wants.push(push.from),
                ShardPushed::Wants(wanted) if push.from < wanted && wanted < push.to => {
                    self.push_part(&shard, push, wanted).await?;
                    wants.push(wanted);
                }
                ShardPushed::Wants(wanted) => wants.push(wanted),
                ShardPushed::Over(rooms) => return Ok(Pushed::Over(rooms)),
                ShardPushed::Early(offset) => return Ok(Pushed::Early(offset)),
                ShardPushed::Unknown => return Ok(Pushed::Unknown),
                ShardPushed::Full => return Ok(Pushed::Full),
            }
        }
        let wanted = wants.into_iter().min().unwrap_or(push.from);
        Ok(if wanted == push.from { Pushed::whole() } else { Pushed::Wants(wanted) })
    }

    /// The entries of a spread push that belong to a shard, from an offset on.
    async fn push_part(&self, shard: &Shard<'_>, push: &Push, from: Offset) -> Result<ShardPushed, Trouble> {
        let mine =
            |entry: &&Entry| entry.offset() >= from && self.shard_of_entry(entry).number == shard.number;
        let entries: Vec<&Entry> = push.entries.iter().filter(mine).collect();
        shard.push(Some((push, from)), &entries).await
    }
}

impl Queue for RedisQueue {
    fn parts(&self) -> usize {
        self.shared.link.servers().len()
    }

    fn part_of(&self, id: JobId) -> usize {
        self.shared.link.server_of(self.shard_of(id).number)
    }

    async fn resume(&self, lane: &TopicPartition, progress: &Progress) -> Result<Offset, QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_partition(lane.partition).resume(lane, progress).await?);
        }
        let wanted =
            try_join_all(self.shards().map(|shard| async move { shard.resume(lane, progress).await }))
                .await?;
        Ok(wanted.into_iter().min().unwrap_or_default())
    }

    async fn passed(&self, lane: &TopicPartition) -> Result<Option<Passed>, QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_partition(lane.partition).passed(lane).await?);
        }
        // Each shard has passed at least what the last one of them has.
        let all = try_join_all(self.shards().map(|shard| async move { shard.passed(lane).await })).await?;
        let least = all.into_iter().min_by_key(|passed| passed.map(|passed| passed.offset));
        Ok(least.flatten())
    }

    async fn adopt(&self, lane: &TopicPartition, from: Offset) -> Result<(), QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_partition(lane.partition).adopt(lane, from).await?);
        }
        try_join_all(self.shards().map(|shard| async move { shard.adopt(lane, from).await })).await?;
        Ok(())
    }

    async fn push(&self, push: Push) -> Result<Pushed, QueueError> {
        if let Some(reason) = push.fault() {
            return Err(QueueError::Malformed { reason });
        }
        if push.lane.topic.is_compacted() {
            return Ok(self.push_spread(&push).await?);
        }
        let shard = self.shard_of_partition(push.lane.partition);
        let entries: Vec<&Entry> = push.entries.iter().collect();
        Ok(match shard.push(Some((&push, push.from)), &entries).await? {
            ShardPushed::Applied(fates) => {
                let fates = push.entries.iter().zip(&fates);
                let dropped = fates.filter(|(_, fate)| **fate == Some(Admission::Duplicate));
                let duplicates = dropped.map(|(entry, _)| push.lane.at(entry.offset())).collect();
                Pushed::Applied { duplicates }
            }
            ShardPushed::Over(rooms) => Pushed::Over(rooms),
            ShardPushed::Early(offset) => Pushed::Early(offset),
            ShardPushed::Wants(wanted) => Pushed::Wants(wanted),
            ShardPushed::Unknown => Pushed::Unknown,
            ShardPushed::Full => Pushed::Full,
        })
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Enqueued, QueueError> {
        let entries = direct_entries(jobs);
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); self.shared.link.cores().len()];
        for (at, entry) in entries.iter().enumerate() {
            places[self.shard_of_entry(entry).number].push(at);
        }
        let busy = self.shards().filter(|shard| !places[shard.number].is_empty());
        let pushes = busy.map(|shard| {
            let places = &places[shard.number];
            let entries: Vec<&Entry> = places.iter().map(|at| &entries[*at]).collect();
            async move { Ok::<_, Trouble>((places, shard.push(None, &entries).await?)) }
        });
        let mut admissions = vec![None; entries.len()];
        let mut is_full = false;
        // One shard's trouble leaves the fate of the others' jobs known to nobody: unknown for all.
        for (places, pushed) in try_join_all(pushes).await? {
            match pushed {
                ShardPushed::Applied(fates) => {
                    places.iter().zip(fates).for_each(|(at, fate)| admissions[*at] = fate);
                }
                _ => is_full = true,
            }
        }
        if is_full && admissions.iter().all(Option::is_none) {
            return Ok(Enqueued::Full);
        }
        // A full shard beside one that has room: its jobs are refused by name, the others are in.
        Ok(Enqueued::Done(admissions.into_iter().map(|fate| fate.unwrap_or(Admission::Full)).collect()))
    }

    async fn take(&self, take: Take) -> Result<Vec<Claim>, QueueError> {
        let told = self.shared.news.of(take.worker);
        let hash = self.offer_hash(&take.offer);
        let shards = self.shared.link.cores().len();
        let (mut claims, mut next) = (Vec::new(), None::<Duration>);
        let (mut answers, mut trouble) = (false, None);
        // Each request begins with another shard, a repeated one with the same.
        for turn in 0..shards {
            let shard = self.shard((take.request as usize).wrapping_add(turn) % shards);
            let most = take.max.saturating_sub(claims.len());
            if most == 0 && turn > 0 {
                break;
            }
            // What a repeated one gives may be more than there is room for now; it is this worker's already.
            let request = self.begin_request(take.worker, shard.number, take.request);
            match shard.take(&Take { request, ..take.clone() }, most, &hash, shards).await {
                Ok(ShardTaken { claims: more, next: soon }) => {
                    self.end_request(take.worker, shard.number);
                    answers = true;
                    claims.extend(more);
                    next = next.into_iter().chain(soon).min();
                }
                Err(why) => trouble = Some(why),
            }
        }
        if let Some(trouble) = trouble.filter(|_| !answers) {
            return Err(trouble.into());
        }
        self.set_wait(if claims.len() >= take.max {
            Wait::Nothing
        } else {
            Wait::News { worker: take.worker, told, until: next.map(|next| Instant::now() + next) }
        });
        Ok(claims)
    }

    async fn ready(&self, at_most: Duration) {
        let wait = *self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        let Wait::News { worker, told, until } = wait else { return };
        let latest = Instant::now() + at_most;
        let until = until.map_or(latest, |until| until.min(latest));
        // An error means that the time is over, which is as good.
        let _ = tokio::time::timeout_at(until, self.shared.news.until(|news| news.of(worker) > told)).await;
    }

    async fn renew(&self, claims: Vec<ClaimRef>, lease: Duration) -> Result<Vec<ClaimRef>, QueueError> {
        let mut by_shard: Vec<Vec<ClaimRef>> = vec![Vec::new(); self.shared.link.cores().len()];
        for claim in claims {
            by_shard[self.shard_of(claim.id).number].push(claim);
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
            places[self.shard_of(settlement.reference().id).number].push(at);
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
        let (mut swept, mut left, mut trouble) = (Vec::new(), max, None);
        for shard in self.shards() {
            match shard.sweep(left).await {
                Ok(one) => {
                    left = left.saturating_sub(one.swept.expired + one.swept.due);
                    if one.has_to_mend {
                        self.begin_to_mend(shard.number);
                    }
                    swept.push(one);
                }
                Err(why) => trouble = Some(why),
            }
        }
        if let Some(trouble) = trouble.filter(|_| swept.is_empty()) {
            return Err(trouble.into());
        }
        if swept.iter().any(|shard| shard.is_ready) {
            self.shared.news.tell_all();
        }
        let next = swept.iter().filter_map(|shard| shard.next).min();
        if let Some(next) = next {
            let mut wait = self.wait.lock().unwrap_or_else(PoisonError::into_inner);
            if let Wait::News { until, .. } = &mut *wait {
                let next = Instant::now() + next;
                *until = Some(until.map_or(next, |until| until.min(next)));
            }
        }
        let add = |sum: Swept, shard: &super::shard::ShardSwept| Swept {
            expired: sum.expired + shard.swept.expired,
            due: sum.due + shard.swept.due,
            forgotten: sum.forgotten + shard.swept.forgotten,
        };
        Ok(swept.iter().fold(Swept::default(), add))
    }

    async fn owed(&self, max: usize) -> Result<Vec<Debt>, QueueError> {
        let (mut debts, mut answers, mut trouble) = (Vec::new(), false, None);
        for shard in self.shards() {
            let most = max.saturating_sub(debts.len());
            if most == 0 {
                break;
            }
            match shard.owed(most).await {
                Ok(owed) => {
                    answers = true;
                    for (number, bytes) in owed {
                        let id = DebtId((shard.number as u64) << SHARD_SHIFT | number);
                        debts.push(Debt { id, letter: letter::shown(&bytes)? });
                    }
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
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_partition(lane.partition).progress(lane).await?);
        }
        let all = try_join_all(self.shards().map(|shard| async move { shard.progress(lane).await })).await?;
        Ok(all.into_iter().min_by_key(|progress| progress.floor).unwrap_or_default())
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
        Ok(self.shard_of(id).job(id).await?)
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
        Ok(self.shard_of(cancel.id).cancel(cancel.id).await?)
    }

    async fn purge(&self, keys: Vec<String>) -> Result<usize, QueueError> {
        let mut by_shard: Vec<Vec<String>> = vec![Vec::new(); self.shared.link.cores().len()];
        for key in keys {
            by_shard[self.shard_of_letter(&key).number].push(key);
        }
        let mut purged = 0;
        for shard in self.shards().filter(|shard| !by_shard[shard.number].is_empty()) {
            purged += shard.purge(&by_shard[shard.number]).await?;
        }
        Ok(purged)
    }

    async fn check(&self) -> Result<Checked, QueueError> {
        let mut checked = Checked::default();
        for shard in self.shards() {
            check::check(&shard, &mut checked).await?;
        }
        Ok(checked)
    }
}

impl Clone for RedisQueue {
    fn clone(&self) -> Self {
        let wait = *self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        Self { shared: Arc::clone(&self.shared), wait: Mutex::new(wait) }
    }
}
