//! A claim: what a worker holds while a job is in flight, and the right to settle it once.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wasmill_job::{
    Attempt, Failure, Job, JobId, JobType, LogLine, ModuleTag, Rate, Revision, UnixMs, Usage, Verdict,
};

use crate::Child;

/// The right to settle a job, obtained by taking it and consumed by settling it. Dropping it is a mistake: the job
/// would come back only when the lease runs out.
#[must_use = "a claim must be settled; dropped, its job waits for the lease to run out"]
#[derive(Debug)]
pub struct Claim {
    pub job: Job,
    /// The attempt this claim is; the first is 1.
    pub attempt: Attempt,
    pub lease_until: UnixMs,
    /// Its last lease ran out while it was held: perhaps it killed its worker. Run it alone, in a process of its own.
    pub suspect: bool,
    /// The version that the last attempt ran on which came to an end, where the queue still knows it: a retry stays on it
    /// as long as the type's route has it. Unknown of first attempts, and after the loss of the queue.
    pub started: Option<ModuleTag>,
    token: Token,
}

/// Fences a claim: the worker's incarnation and the number of the claim, compared for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    pub worker: WorkerId,
    pub claim: u64,
}

/// A worker's incarnation: random, new at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkerId(pub u64);

/// Names a claim without being the right to settle it: for renewals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimRef {
    pub id: JobId,
    pub token: Token,
}

/// A claim and what becomes of its job.
#[derive(Debug)]
pub struct Settlement {
    pub(crate) claim: Claim,
    pub(crate) verdict: Verdict,
    pub(crate) record: AttemptRecord,
    pub(crate) children: Vec<Child>,
}

/// What is kept of an attempt, for whoever asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttemptRecord {
    pub logs: Vec<LogLine>,
    pub usage: Usage,
    /// What ran it, where that is known.
    pub ran: Option<Ran>,
    /// How long result, logs and done-mark are kept once the job is done.
    pub keep_result: Duration,
    pub dedup_window: Duration,
}

impl AttemptRecord {
    /// The version that ran it, if one did.
    pub fn version(&self) -> Option<&ModuleTag> {
        match &self.ran {
            Some(Ran::Module(version)) => Some(version),
            Some(Ran::Nothing) | None => None,
        }
    }
}

/// What ran a job in an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ran {
    /// This version of its handler.
    Module(ModuleTag),
    /// Nothing: the job is of mode shadow, and was completed without being executed.
    Nothing,
}

/// What a settlement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Settled,
    /// The token is not the current one: the lease ran out, or the job was cancelled. Nothing was changed.
    Lost,
}

/// What a worker can run, and under which flow limits. Sent whole; a queue behind a network keeps it by revision.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Offer {
    pub revision: Revision,
    pub types: BTreeMap<JobType, TypeOffer>,
    /// Types that the revision pauses: not offered, and named so that no worker of an older revision gets them.
    pub paused: BTreeSet<JobType>,
}

/// One type in an offer, as the offer's revision sees it. What the highest revision shown says is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeOffer {
    /// How many jobs of the type may be in flight at once, over all workers.
    pub concurrency: Option<u32>,
    /// How many jobs of the type may start in a time, over all workers.
    pub rate: Option<Rate>,
    /// Its share beside other types: one of weight 2 is served twice as often as one of weight 1. Up to 1,000.
    pub weight: NonZeroU32,
}

impl Default for TypeOffer {
    /// No limits, weight 1.
    fn default() -> Self {
        Self { concurrency: None, rate: None, weight: NonZeroU32::MIN }
    }
}

impl Claim {
    /// For implementations of the queue only: a claim exists because the queue has recorded it.
    pub(crate) fn new(
        job: Job,
        attempt: Attempt,
        lease_until: UnixMs,
        suspect: bool,
        started: Option<ModuleTag>,
        token: Token,
    ) -> Self {
        Self { job, attempt, lease_until, suspect, started, token }
    }

    /// This claim's name.
    pub fn reference(&self) -> ClaimRef {
        ClaimRef { id: self.job.id, token: self.token }
    }

    /// Gives the claim up for a verdict.
    pub fn settle(self, verdict: Verdict, record: AttemptRecord) -> Settlement {
        Settlement { claim: self, verdict, record, children: Vec::new() }
    }
}

impl Settlement {
    /// The jobs that this one emits. They are owed from the step on that completes it, and only if that is the verdict; the
    /// offset of this one counts as settled when they are paid. How many there may be, and how large, is the caller's affair.
    #[must_use]
    pub fn with_children(mut self, children: Vec<Child>) -> Self {
        self.children = children;
        self
    }

    /// The children that are to be published: none of a job that does not complete.
    pub(crate) fn emitted(&self) -> &[Child] {
        match self.verdict {
            Verdict::Complete { .. } => &self.children,
            Verdict::Retry { .. } | Verdict::Bury { .. } | Verdict::Release => &[],
        }
    }

    /// The claim this settles.
    pub fn reference(&self) -> ClaimRef {
        self.claim.reference()
    }
}

/// The last attempt of a job that failed or is done, as [`crate::JobView`] shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LastAttempt {
    /// Which one it was, and when it ended; `None` where that is told by the job: it is done, or dead. Also `None` of attempts that
    /// an older release settled.
    pub attempt: Option<Attempt>,
    pub ended_at: Option<UnixMs>,
    pub output: Option<Bytes>,
    pub failure: Option<Failure>,
    pub logs: Vec<LogLine>,
    pub usage: Usage,
    /// What ran it; `None` of attempts that an older release settled.
    pub ran: Option<Ran>,
}

/// A failed attempt before the last one, cut short: the beginning of its message and the end of its log.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierAttempt {
    pub attempt: Attempt,
    pub ended_at: UnixMs,
    pub failure: Failure,
    pub logs: Vec<LogLine>,
    pub usage: Usage,
    /// What ran it, if anything did.
    pub ran: Option<Ran>,
}
