//! Compares what the queue shows with the model.

use std::collections::BTreeMap;

use wasmill_job::{JobId, JobType, Offset, Progress, TopicPartition, UnixMs};
use wasmill_queue::{Checked, Counts, JobView, Queue, State};

use super::QueueUnderTest;
use super::driver::{Driver, TYPES, lanes, type_name};
use super::simple::{At, Lane, Simple};

impl<U: QueueUnderTest> Driver<U> {
    pub(super) async fn compare_counts(&self) {
        let told = self.queue.counts().await.unwrap();
        assert_eq!(self.counts_fault(&self.shards, &told), None);
    }

    /// What is wrong about what is counted, if anything is.
    pub(super) fn counts_fault(&self, shards: &[Simple], told: &BTreeMap<JobType, Counts>) -> Option<String> {
        (0..TYPES).map(type_name).find_map(|of| {
            let mut told = told.get(&of).copied().unwrap_or_default();
            let mut expected = shards.iter().map(|shard| shard.counts(&of)).fold(Counts::default(), plus);
            if self.has_ended && !U::CLAIMS_SURVIVE {
                for counts in [&mut told, &mut expected] {
                    let Counts { pending, scheduled, in_flight, dead, .. } = *counts;
                    *counts = Counts { pending, scheduled, in_flight, dead, ..Counts::default() };
                }
            }
            (told != expected).then(|| format!("of {of} are counted {told:?}, and there are {expected:?}"))
        })
    }

    pub(super) async fn compare(&mut self) {
        let Checked { jobs, faults } = self.queue.check().await.unwrap();
        assert_eq!(faults, [""; 0]);
        assert_eq!(jobs, self.shards.iter().map(|shard| shard.live.len() as u64).sum::<u64>());
        let now = self.now();
        for id in self.jobs.iter().map(|job| job.id).collect::<Vec<_>>() {
            let view = self.queue.job(id).await.unwrap();
            if let Some(fault) = view_fault(self.shard_of(id), id, view.as_ref(), now) {
                panic!("{fault}");
            }
        }
        for lane in lanes() {
            let told = self.queue.progress(&lane).await.unwrap();
            assert!(told.floor <= self.wanted(&lane), "{told:?} passes what is wanted of {lane}");
            if lane.topic.is_compacted() {
                continue;
            }
            let passed = self.queue.passed(&lane).await.unwrap();
            assert_eq!(passed, self.shards_of(&lane)[0].lanes[&lane].passed, "of {lane}");
            assert_eq!(progress_fault(&self.shards_of(&lane)[0], &lane, &told), None);
        }
    }
}

/// What is wrong about how far a lane is said to be settled, if anything is.
pub(super) fn progress_fault(shard: &Simple, lane: &TopicPartition, told: &Progress) -> Option<String> {
    let Lane { wanted, settled, .. } = shard.lanes.get(lane)?;
    let end = settled.last().map_or(wanted.0, |last| wanted.0.max(last + 1));
    let wrong = (0..=end).find(|offset| told.is_settled(Offset(*offset)) != settled.contains(offset))?;
    Some(format!("{lane} is settled at {wrong}: {}, and is told to be {told:?}", settled.contains(&wrong)))
}

/// What is wrong about what is shown of a job, if anything is.
pub(super) fn view_fault(shard: &Simple, id: JobId, view: Option<&JobView>, now: UnixMs) -> Option<String> {
    let shown = view.map(|view| (view.state, view.attempts.0, view.due_at, view.ended_at));
    let expected = if let Some(live) = shard.live.get(&id) {
        match live.at {
            At::Pending => Some((State::Pending, live.attempts, None, None)),
            At::InFlight { .. } => Some((State::InFlight, live.attempts, None, None)),
            At::Scheduled { due } => Some((State::Scheduled, live.attempts, Some(due), None)),
        }
    } else if let Some(dead) = shard.dead.get(&id) {
        Some((State::Dead, dead.attempts, None, Some(dead.died_at)))
    } else if shard.vague.contains(&id) {
        return None;
    } else {
        shard.done.get(&id).map(|done| (done.state, done.attempts, None, Some(done.ended_at)))
    };
    (shown != expected).then(|| format!("at {now}, {id} is shown as {shown:?}, and is {expected:?}"))
}

fn plus(one: Counts, other: Counts) -> Counts {
    Counts {
        pending: one.pending + other.pending,
        scheduled: one.scheduled + other.scheduled,
        in_flight: one.in_flight + other.in_flight,
        dead: one.dead + other.dead,
        accepted: one.accepted + other.accepted,
        completed: one.completed + other.completed,
        cancelled: one.cancelled + other.cancelled,
        retried: one.retried + other.retried,
        lost: one.lost + other.lost,
        duplicates: one.duplicates + other.duplicates,
    }
}
