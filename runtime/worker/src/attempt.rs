//! One attempt, wherever it runs: how it is told, what becomes of it, and what is kept of it.

use std::time::Duration;

use wasmill_job::{Attempt, Clock, Failure, FailureCode, Outcome, UnixMs, Usage, Verdict, verdict};
use wasmill_queue::{AttemptRecord, Claim, Settlement};

use crate::alone::Death;
use crate::children::jobs_of;
use crate::route::Route;

/// The log target under which each attempt is told, at level debug: a history that the fault scenarios check.
const TELLING: &str = "wasmill_worker::attempt";

/// An attempt starts, in process `pid`.
pub(crate) fn begin(claim: &Claim, route: &Route, clock: &dyn Clock, pid: u32) {
    let Claim { job, attempt, .. } = claim;
    tracing::debug!(target: TELLING, job = %job.id, job_type = %job.job_type, %attempt, pid, "attempt started");
    if *attempt == Attempt(1) {
        route.gauges.started(clock.now().since(job.accepted_at));
    }
}

/// An attempt has ended: what becomes of the job.
pub(crate) fn finish(claim: Claim, route: &Route, outcome: Outcome, now: UnixMs) -> Settlement {
    let verdict = verdict(&outcome, claim.attempt, &route.retry, rand::random());
    tell_end(&claim, outcome.end.as_str(), outcome.usage.fuel);
    route.gauges.ran(&outcome, &verdict);
    let record = AttemptRecord { logs: outcome.logs, usage: outcome.usage, ..route.record() };
    let children = jobs_of(outcome.children, &claim.job, &route.catalog, now);
    claim.settle(verdict, record).with_children(children)
}

/// The process died, after `ran`, in which a suspect ran alone: it is that job's doing, so it is not run again, whatever
/// its policy would allow.
pub(crate) fn quarantine(claim: Claim, route: &Route, death: &Death, ran: Duration) -> Settlement {
    let verdict = Verdict::Bury { failure: quarantined(claim.attempt, death) };
    tell_end(&claim, "quarantined", 0);
    route.gauges.quarantined(ran, &verdict);
    let wall_us = u64::try_from(ran.as_micros()).unwrap_or(u64::MAX);
    let usage = Usage { wall_us, ..Usage::default() };
    claim.settle(verdict, AttemptRecord { usage, ..route.record() })
}

/// A claim beyond the policy's attempts: all before it were counted when they were taken, and none came back. Its
/// workers vanished or lost their leases, perhaps because of it, so it is not run again, not even alone.
pub(crate) fn used_up(claim: &Claim, route: &Route) -> Option<Verdict> {
    let allowed = route.retry.attempts;
    if claim.attempt.0 <= allowed {
        return None;
    }
    let message = format!("no worker that took it came back to settle it; it may be tried {allowed} times");
    let verdict = Verdict::Bury { failure: Failure::new(FailureCode::Lost, message) };
    route.gauges.lost(&verdict);
    Some(verdict)
}

fn quarantined(attempt: Attempt, death: &Death) -> Failure {
    let message = format!(
        "the process {death} while it ran this job and nothing else, in attempt {attempt}; \
         a worker that held it had vanished before"
    );
    Failure::new(FailureCode::Quarantined, message)
}

fn tell_end(claim: &Claim, end: &str, fuel: u64) {
    let Claim { job, attempt, .. } = claim;
    tracing::debug!(target: TELLING, job = %job.id, %attempt, end, fuel, "attempt ended");
}

#[cfg(test)]
mod tests;
