//! What the host knows of one running guest: the job it asks about, its budget, its log, and when it must end.

use std::fmt;
use std::time::{Duration, Instant};

use wasmill_job::{JobId, JobType, Limits, UnixMs};
use wasmtime::UpdateDeadline;

use crate::budget::Budget;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::run::Call;

/// One attempt while it runs; the data of its store.
pub(crate) struct Guest {
    pub(crate) job: Facts,
    pub(crate) budget: Budget,
    pub(crate) journal: Journal,
    started: Instant,
    timeout: Duration,
    interrupt: Interrupt,
}

/// What a guest may ask about its job.
pub(crate) struct Facts {
    pub(crate) id: JobId,
    pub(crate) job_type: JobType,
    pub(crate) attempt: u32,
    pub(crate) max_attempts: u32,
    pub(crate) accepted_at: UnixMs,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) traceparent: Option<String>,
}

/// Why the clock ended a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    Timeout,
    Interrupted,
}

impl Guest {
    pub(crate) fn new(call: &Call<'_>, limits: &Limits, interrupt: &Interrupt, started: Instant) -> Self {
        let job = call.job;
        Self {
            job: Facts {
                id: job.id,
                job_type: job.job_type.clone(),
                attempt: call.attempt.0,
                max_attempts: call.max_attempts,
                accepted_at: job.accepted_at,
                idempotency_key: job.idempotency_key.clone(),
                traceparent: job.traceparent.clone(),
            },
            budget: Budget::new(limits.memory_bytes),
            journal: Journal::new(limits.log_bytes),
            started,
            timeout: limits.timeout,
            interrupt: interrupt.clone(),
        }
    }

    /// Time since the attempt began, in whole milliseconds.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    /// Time until the clock ends it, in whole milliseconds.
    pub(crate) fn left_ms(&self) -> u64 {
        milliseconds(self.timeout.saturating_sub(self.started.elapsed()))
    }

    /// What the clock says to it at each tick.
    pub(crate) fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        if self.interrupt.is_interrupted() {
            return Err(Halt::Interrupted.into());
        }
        if self.started.elapsed() >= self.timeout {
            return Err(Halt::Timeout.into());
        }
        Ok(UpdateDeadline::Continue(1))
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "past its wall-clock limit",
            Self::Interrupted => "interrupted",
        })
    }
}

impl std::error::Error for Halt {}
