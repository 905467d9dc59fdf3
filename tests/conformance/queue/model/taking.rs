//! The steps of workers: takes within what the routing table allows, verdicts and renewals.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{Attempt, JobId, JobType, Rate, Revision, Verdict};
use wasmill_queue::{AttemptRecord, Claim, DeadQuery, Offer, Queue, Take, Token, TypeOffer, WorkerId};

use super::debts::children_of;
use super::driver::{Driver, LEASE, Limits, TYPES, type_name};
use super::order;
use super::simple::{At, KEEP, Live, WINDOW};
use super::{Judged, QueueUnderTest};
use crate::queue::world::{bury, complete, retry};

impl<U: QueueUnderTest> Driver<U> {
    pub(super) fn limit(
        &mut self,
        job_type: u8,
        concurrency: Option<u32>,
        rate: Option<(u32, u64)>,
        is_paused: bool,
    ) {
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

    pub(super) async fn take(&mut self, worker: u64, max: usize, offered: u8) {
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
    pub(super) async fn repeat(&mut self, worker: u64) {
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

    pub(super) async fn settle(&mut self, claims: &[(usize, Judged)]) {
        let (mut settlements, mut verdicts) = (Vec::new(), Vec::new());
        for (claim, judged) in claims {
            if self.held.is_empty() {
                break;
            }
            let claim = self.held.remove(claim % self.held.len());
            let record =
                AttemptRecord { keep_result: KEEP, dedup_window: WINDOW, ..AttemptRecord::default() };
            // Of a verdict that does not complete nothing is published.
            let emitted = match judged {
                Judged::Complete => Vec::new(),
                Judged::Emit { children } => children_of(&claim.job, *children),
                Judged::Retry { .. } | Judged::Bury | Judged::Release => children_of(&claim.job, 1),
            };
            settlements.push(claim.settle(verdict(*judged), record).with_children(emitted));
            verdicts.push(*judged);
        }
        self.earlier.push((settlements.into(), verdicts));
        self.settle_again(self.earlier.len() - 1).await;
    }

    pub(super) async fn settle_again(&mut self, earlier: usize) {
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

    pub(super) async fn renew(&mut self, claims: &[usize]) {
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
}

fn verdict(judged: Judged) -> Verdict {
    match judged {
        Judged::Complete | Judged::Emit { .. } => complete(),
        Judged::Retry { pause_ms } => retry(Duration::from_millis(pause_ms)),
        Judged::Bury => bury(),
        Judged::Release => Verdict::Release,
    }
}
