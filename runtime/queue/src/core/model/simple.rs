//! The model: what the queue promises, in the simplest form that can be written, without stores, indexes or speed.

use std::collections::{BTreeMap, BTreeSet};

use wasmill_job::{JobId, JobType, Offset, Priority, Progress, TopicPartition, UnixMs};

use crate::Token;

#[derive(Clone, Debug, Default)]
pub(super) struct Simple {
    pub(super) live: BTreeMap<JobId, SimpleJob>,
    pub(super) dead: BTreeMap<JobId, SimpleDead>,
    /// Where the parents stand whose children are owed.
    pub(super) emitted: BTreeSet<(TopicPartition, u64)>,
    /// Redrives, and until when.
    pub(super) marks: BTreeMap<JobId, (u32, UnixMs)>,
    pub(super) lanes: BTreeMap<TopicPartition, SimpleLane>,
}

#[derive(Clone, Debug)]
pub(super) struct SimpleJob {
    pub(super) lane: TopicPartition,
    pub(super) offset: u64,
    pub(super) redrives: u32,
    pub(super) job_type: JobType,
    pub(super) priority: Priority,
    pub(super) attempts: u32,
    /// Its last claim was lost.
    pub(super) suspect: bool,
    pub(super) at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Pending,
    InFlight { token: Token, until: UnixMs },
    Scheduled { due: UnixMs },
}

#[derive(Clone, Debug)]
pub(super) struct SimpleDead {
    pub(super) redrives: u32,
    pub(super) owed: Option<(TopicPartition, u64)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct SimpleLane {
    pub(super) wanted: u64,
    pub(super) settled: BTreeSet<u64>,
}

impl Simple {
    pub(super) fn tend(&mut self, now: UnixMs) {
        for job in self.live.values_mut() {
            match job.at {
                At::InFlight { until, .. } if until <= now => (job.at, job.suspect) = (At::Pending, true),
                At::Scheduled { due } if due <= now => job.at = At::Pending,
                _ => {}
            }
        }
    }

    /// Whether a job with this id and number of redrives is new.
    pub(super) fn is_new(&self, id: JobId, redrives: u32, now: UnixMs) -> bool {
        let marked = self.marks.get(&id).is_some_and(|(known, until)| *until > now && redrives <= *known);
        match (self.live.get(&id), self.dead.get(&id)) {
            (Some(_), _) => false,
            (None, Some(dead)) => redrives > dead.redrives,
            (None, None) => !marked,
        }
    }

    /// Jobs of the type that wait.
    pub(super) fn waiting(&self, job_type: &JobType) -> u64 {
        let waits = |job: &&SimpleJob| job.job_type == *job_type && !matches!(job.at, At::InFlight { .. });
        self.live.values().filter(waits).count() as u64
    }

    /// The job is no longer live; its offset is settled when its children are paid.
    pub(super) fn emit(&mut self, id: JobId) -> SimpleJob {
        let job = self.live.remove(&id).unwrap();
        self.emitted.insert((job.lane.clone(), job.offset));
        job
    }

    /// The job is no longer live; its offset is settled.
    pub(super) fn end(&mut self, id: JobId) -> SimpleJob {
        let job = self.live.remove(&id).unwrap();
        self.settle(&job.lane, job.offset);
        job
    }

    pub(super) fn mark(&mut self, id: JobId, redrives: u32, now: UnixMs, until: UnixMs) {
        if id.kind() == wasmill_job::IdKind::Derived || redrives > 0 {
            let mark = self.marks.entry(id).or_default();
            let earlier = if mark.1 > now { mark.0 } else { 0 };
            *mark = (redrives.max(earlier), mark.1.max(until));
        }
    }

    pub(super) fn settle(&mut self, lane: &TopicPartition, offset: u64) {
        self.lanes.get_mut(lane).unwrap().settled.insert(offset);
    }

    pub(super) fn undead(&mut self, id: JobId) {
        if let Some((lane, offset)) = self.dead.remove(&id).and_then(|dead| dead.owed) {
            self.settle(&lane, offset);
        }
    }

    /// What a crash leaves: nobody holds a claim.
    pub(super) fn crash(&mut self) {
        for job in self.live.values_mut() {
            if matches!(job.at, At::InFlight { .. }) {
                (job.at, job.suspect) = (At::Pending, true);
            }
        }
    }

    pub(super) fn resume(&mut self, name: &TopicPartition, progress: &Progress) {
        let is_settled =
            |lane: &TopicPartition, offset: u64| lane == name && progress.is_settled(Offset(offset));
        self.live.retain(|_, job| !is_settled(&job.lane, job.offset));
        for dead in self.dead.values_mut() {
            dead.owed = dead.owed.take().filter(|(lane, offset)| !is_settled(lane, *offset));
        }
        self.emitted.retain(|(lane, offset)| !is_settled(lane, *offset));
        let lane = self.lanes.entry(name.clone()).or_default();
        lane.settled.extend(0..progress.floor.0);
        lane.settled.extend(progress.settled.iter().flat_map(Clone::clone));
        lane.wanted = lane.wanted.max(progress.floor.0);
    }
}
