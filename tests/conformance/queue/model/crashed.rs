//! What a crash leaves: the queue as it was after one of the operations, each kept or lost whole. On several shards the last
//! of them may be kept on some.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wasmill_job::{JobId, JobType, Offset, Partition, Passed, Progress, TopicPartition, UnixMs};
use wasmill_queue::{Child, Claim, ClaimRef, Counts, JobView, Queue, Swept};

use super::QueueUnderTest;
use super::comparing::{progress_fault, view_fault};
use super::driver::{Driver, LEASE, lanes};
use super::simple::Simple;

/// What the queue shows once it was resumed and swept.
struct Found {
    wanted: Vec<(TopicPartition, Offset)>,
    progress: Vec<(TopicPartition, Progress)>,
    passed: Vec<(TopicPartition, Option<Passed>)>,
    counts: BTreeMap<JobType, Counts>,
    jobs: Vec<(JobId, Option<JobView>)>,
    /// The children that are owed.
    emitted: Vec<Vec<Child>>,
    lost: BTreeSet<ClaimRef>,
}

impl<U: QueueUnderTest> Driver<U> {
    /// Kills the queue, goes on as a relay does, and finds out which of the past states it was left in.
    pub(super) async fn crash(&mut self, lose: u32) {
        let under_test = self.under_test.take().unwrap().crash(lose).await;
        self.adopt(under_test);
        self.has_ended = true;
        let found = self.look().await;
        let now = self.now();
        let last = self.past.len() - 1;
        let mut faults = String::new();
        for newest in (0..=last).rev() {
            match self.left(newest, &found, now) {
                Ok(shards) => {
                    self.past.truncate(newest + 1);
                    self.shards = shards;
                    self.note();
                    return;
                }
                Err(why) => writeln!(faults, "    {} operations before: {why}", last - newest).unwrap(),
            }
        }
        panic!("the crash left what never was:\n{faults}");
    }

    async fn look(&mut self) -> Found {
        while self.queue.sweep(1_000).await.unwrap() != Swept::default() {}
        let (mut wanted, mut settled, mut passed) = (Vec::new(), Vec::new(), Vec::new());
        for lane in lanes() {
            let progress = self.committed.get(&lane).cloned().unwrap_or_default();
            let wants = self.queue.resume(&lane, &progress).await.unwrap();
            if !lane.topic.is_compacted() {
                settled.push((lane.clone(), self.queue.progress(&lane).await.unwrap()));
                passed.push((lane.clone(), self.queue.passed(&lane).await.unwrap()));
            }
            wanted.push((lane, wants));
        }
        let mut jobs = Vec::new();
        for job in &self.jobs {
            jobs.push((job.id, self.queue.job(job.id).await.unwrap()));
        }
        let claims: BTreeSet<ClaimRef> = self.held.iter().map(Claim::reference).collect();
        let lost = self.queue.renew(claims.into_iter().collect(), LEASE).await.unwrap();
        let counts = self.queue.counts().await.unwrap();
        let owed = self.queue.owed(10_000).await.unwrap();
        let emitted = owed.iter().filter(|debt| debt.letter().is_none());
        let emitted = sorted(emitted.map(|debt| debt.children().to_vec()).collect());
        Found { wanted, progress: settled, passed, counts, jobs, emitted, lost: lost.into_iter().collect() }
    }

    /// The shards, if what was found is what the operation `newest` left, or the one after it on some of them.
    fn left(&self, newest: usize, found: &Found, now: UnixMs) -> Result<Vec<Simple>, String> {
        let is_torn = self.shards.len() > 1 && newest + 1 < self.past.len();
        let mut fault = None;
        // Each bit says of a shard whether it kept one more.
        for kept in 0..if is_torn { 1 << self.shards.len() } else { 1 } {
            let past = |number: usize| &self.past[newest + (kept >> number & 1)][number];
            let shards: Vec<Simple> =
                (0..self.shards.len()).map(|number| self.as_found(number, past(number), now)).collect();
            match self.fault(&shards, found, now) {
                None => return Ok(shards),
                Some(why) => _ = fault.get_or_insert(why),
            }
        }
        Err(fault.unwrap_or_default())
    }

    /// A past state after what was done since: a sweep, a resume of each lane, a renewal.
    fn as_found(&self, number: usize, past: &Simple, now: UnixMs) -> Simple {
        let mut shard = past.clone();
        if !U::CLAIMS_SURVIVE {
            shard.end_claims();
        }
        shard.tend(now);
        for lane in lanes() {
            let is_here =
                lane.topic.is_compacted() || lane.partition.0 as usize % self.shards.len() == number;
            if is_here {
                shard.resume(&lane, &self.committed.get(&lane).cloned().unwrap_or_default());
            }
        }
        let until = now.plus(LEASE);
        for claim in &self.held {
            shard.renew(claim.job.id, claim.reference().token, until, now);
        }
        shard
    }

    /// What was found that is not so in these shards, if anything is.
    fn fault(&self, shards: &[Simple], found: &Found, now: UnixMs) -> Option<String> {
        let of = |partition: Partition| &shards[partition.0 as usize % shards.len()];
        let views = found.jobs.iter();
        let fault =
            views.clone().find_map(|(id, view)| view_fault(of(id.partition()), *id, view.as_ref(), now));
        let fault = fault.or_else(|| {
            let mut lanes = found.progress.iter();
            lanes.find_map(|(lane, told)| progress_fault(of(lane.partition), lane, told))
        });
        let fault = fault.or_else(|| {
            found.passed.iter().find_map(|(lane, told)| {
                let passed = of(lane.partition).lanes.get(lane)?.passed;
                (passed != *told).then(|| format!("of {lane} {told:?} was passed, not {passed:?}"))
            })
        });
        let fault = fault.or_else(|| self.counts_fault(shards, &found.counts));
        let fault = fault.or_else(|| {
            let all = shards.iter().flat_map(|shard| &shard.emitted);
            let expected = sorted(all.map(|emitted| emitted.children.clone()).collect());
            (expected != found.emitted).then(|| format!("{:?} are owed, and not {expected:?}", found.emitted))
        });
        // Of a lane that is on all shards the least offset is wanted.
        let fault = fault.or_else(|| {
            found.wanted.iter().find_map(|(lane, wants)| {
                let least = shards.iter().filter_map(|shard| Some(shard.lanes.get(lane)?.wanted)).min();
                (least != Some(*wants)).then(|| format!("{wants} is wanted of {lane}, not {least:?}"))
            })
        });
        fault.or_else(|| {
            self.held.iter().map(Claim::reference).find_map(|claim| {
                // All that are current were renewed.
                let is_current = of(claim.id.partition()).holds(claim.id, claim.token, now);
                (is_current == found.lost.contains(&claim))
                    .then(|| format!("the claim on {} is current: {}", claim.id, !is_current))
            })
        })
    }
}

/// In an order that does not depend on shards.
fn sorted(mut emitted: Vec<Vec<Child>>) -> Vec<Vec<Child>> {
    emitted.sort_by_key(|children| children.iter().map(|child| child.job.id).collect::<Vec<_>>());
    emitted
}
