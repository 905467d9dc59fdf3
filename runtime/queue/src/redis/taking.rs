//! Taking from several shards, waiting for news of them, and what time does in each: one that does not answer is left out.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::check;
use super::handle::Wait;
use super::shard::{Shard, ShardSwept, ShardTaken};
use crate::{Claim, Offer, QueueError, RedisQueue, Swept, Take, WorkerId};

impl RedisQueue {
    pub(super) async fn take_jobs(&self, take: Take) -> Result<Vec<Claim>, QueueError> {
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
            match shard.take(&Take { request, ..take.clone() }, most, &hash).await {
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

    pub(super) async fn wait_for_jobs(&self, at_most: Duration) {
        let wait = *self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        let Wait::News { worker, told, until } = wait else { return };
        let latest = Instant::now() + at_most;
        let until = until.map_or(latest, |until| until.min(latest));
        // An error means that the time is over, which is as good.
        let _ = tokio::time::timeout_at(until, self.shared.news.until(|news| news.of(worker) > told)).await;
    }

    pub(super) async fn sweep_shards(&self, max: usize) -> Result<Swept, QueueError> {
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
        let add = |sum: Swept, shard: &ShardSwept| Swept {
            expired: sum.expired + shard.swept.expired,
            due: sum.due + shard.swept.due,
            forgotten: sum.forgotten + shard.swept.forgotten,
        };
        Ok(swept.iter().fold(Swept::default(), add))
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
}
