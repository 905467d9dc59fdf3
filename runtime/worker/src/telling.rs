//! What the worker tells of itself: what runs, what ended lately, how long jobs waited and ran. Slots and the lane of suspects
//! note it, [`crate::teller`] makes a report of it each second.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmill_job::{Attempt, Job, JobType, ModuleTag, UnixMs};
use wasmill_queue::{Claim, ClaimRef, ENDED_MAX, Ended, LATENCIES_KEPT, Latencies, RUNNING_MAX, Running};

/// The notes, shared by all who run jobs. One mutex for all: an attempt holds it twice, for less than a microsecond, and a worker
/// runs some ten thousand attempts a second at most.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    notes: Mutex<Notes>,
}

/// What was noted. Pure: whoever notes says when.
#[derive(Debug, Default)]
struct Notes {
    /// By claim, not by job: a job whose lease was lost may run here again while its attempt before is being interrupted.
    running: HashMap<ClaimRef, Running>,
    /// The oldest first, at most [`ENDED_MAX`].
    ended: VecDeque<Ended>,
    /// The number of the last that ended.
    number: u64,
    /// Those of idle types stay: times are counted from the worker's start.
    took: HashMap<JobType, Took>,
}

/// How long a type's jobs took.
#[derive(Debug)]
struct Took {
    latencies: Latencies,
    /// When it ran last.
    at: UnixMs,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'a> {
    /// In the words of the metric.
    pub(crate) result: &'static str,
    /// What ran it; `None` when nothing did.
    pub(crate) module: Option<&'a ModuleTag>,
    pub(crate) ran: Duration,
}

/// The part of a report that is made of the notes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) running: Vec<Running>,
    pub(crate) running_more: u32,
    pub(crate) latencies: BTreeMap<JobType, Latencies>,
    pub(crate) ended: Vec<Ended>,
}

impl Telling {
    /// An attempt starts at `now`.
    pub(crate) fn began(&self, claim: &Claim, module: &ModuleTag, now: UnixMs) {
        let running = Running {
            id: claim.job.id,
            job_type: claim.job.job_type.clone(),
            module: module.clone(),
            attempt: claim.attempt,
            since: now,
        };
        let wait = (claim.attempt == Attempt(1)).then(|| wait(&claim.job, now)).flatten();
        self.notes().began(claim.reference(), running, wait);
    }

    /// An attempt has ended at `now`, whether it ran or not.
    pub(crate) fn ended(&self, claim: &Claim, end: End<'_>, now: UnixMs) {
        let ended = Ended {
            number: 0,
            at: now,
            id: claim.job.id,
            job_type: claim.job.job_type.clone(),
            attempt: claim.attempt,
            module: end.module.cloned(),
            result: end.result.to_owned(),
            run_us: micros(end.ran),
        };
        self.notes().ended(claim.reference(), ended);
    }

    /// What is to be told at `now`. Cost: O(what is told, and what runs), with the notes held.
    pub(crate) fn told(&self, now: UnixMs) -> Told {
        self.notes().told(now)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // Nothing panics while they are held, and notes that were left amid would still be good enough to be told.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    fn began(&mut self, claim: ClaimRef, running: Running, wait: Option<Duration>) {
        if let Some(wait) = wait {
            self.took(&running.job_type, running.since).wait_us.record(micros(wait));
        }
        self.running.insert(claim, running);
    }

    /// Gives it its number.
    fn ended(&mut self, claim: ClaimRef, ended: Ended) {
        self.running.remove(&claim);
        if ended.module.is_some() {
            self.took(&ended.job_type, ended.at).run_us.record(ended.run_us);
        }
        self.number += 1;
        if self.ended.len() == ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(Ended { number: self.number, ..ended });
    }

    fn took(&mut self, job_type: &JobType, now: UnixMs) -> &mut Latencies {
        let new = || Took { latencies: Latencies::default(), at: now };
        let took = self.took.entry(job_type.clone()).or_insert_with(new);
        took.at = now;
        &mut took.latencies
    }

    fn told(&self, now: UnixMs) -> Told {
        let mut running: Vec<_> = self.running.values().collect();
        running.sort_by_key(|running| (running.since, running.id));
        let more = running.len().saturating_sub(RUNNING_MAX);
        let lately = self.took.iter().filter(|(_, took)| now.since(took.at) < LATENCIES_KEPT);
        Told {
            running: running.into_iter().take(RUNNING_MAX).cloned().collect(),
            running_more: u32::try_from(more).unwrap_or(u32::MAX),
            latencies: lately.map(|(name, took)| (name.clone(), took.latencies.clone())).collect(),
            ended: self.ended.iter().cloned().collect(),
        }
    }
}

/// How long a job has waited for its first attempt: since it was accepted, or since it fell due by its caller's wish. Unknown of
/// one that was sent round again after its death: when that was, no job says.
fn wait(job: &Job, now: UnixMs) -> Option<Duration> {
    let due = job.run_at.map_or(job.accepted_at, |run_at| run_at.max(job.accepted_at));
    (job.redrives == 0).then(|| now.since(due))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
