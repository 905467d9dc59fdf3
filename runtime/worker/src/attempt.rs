//! One attempt, wherever it runs: how it is told, what becomes of it, and what is kept of it.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Attempt, Clock, Failure, FailureCode, Mode, Outcome, UnixMs, Usage, Verdict, verdict};
use wasmill_queue::{AttemptRecord, Claim, Ran, Settlement};

use crate::alone::Death;
use crate::children::jobs_of;
use crate::gauges::{LOST_WORD, QUARANTINED_WORD, SHADOW_WORD, result_word};
use crate::route::Route;
use crate::telling::{End, Telling};

/// The log target under which each attempt is told, at level debug: a history that the fault scenarios check.
const TELLING: &str = "wasmill_worker::attempt";

/// An attempt starts, in process `pid`. It is noted before it is told: whoever reads the line finds the job among those that run.
pub(crate) fn begin(claim: &Claim, route: &Route, telling: &Telling, clock: &dyn Clock, pid: u32) {
    let Claim { job, attempt, .. } = claim;
    let module = &route.version_for(claim).module;
    let now = clock.now();
    if *attempt == Attempt(1) {
        route.gauges.started(now.since(job.accepted_at));
    }
    telling.began(claim, module, now);
    tracing::debug!(
        target: TELLING, job = %job.id, job_type = %job.job_type, %attempt, pid, %module, "attempt started"
    );
}

/// An attempt has ended: what becomes of the job.
pub(crate) fn finish(
    claim: Claim,
    route: &Route,
    outcome: Outcome,
    telling: &Telling,
    now: UnixMs,
) -> Settlement {
    let verdict = verdict(&outcome, claim.attempt, &route.retry, rand::random());
    tell_end(&claim, outcome.end.as_str(), outcome.usage.fuel);
    route.gauges.ran(&outcome, &verdict);
    let version = route.version_for(&claim);
    version.gauges.ran(&outcome);
    let ran = Duration::from_micros(outcome.usage.wall_us);
    telling.ended(&claim, End { result: result_word(&outcome.end), module: Some(&version.module), ran }, now);
    let record = AttemptRecord { logs: outcome.logs, usage: outcome.usage, ..executed(&claim, route) };
    let children = jobs_of(outcome.children, &claim.job, &route.catalog, now);
    claim.settle(verdict, record).with_children(children)
}

/// The process died, after `ran`, in which a suspect ran alone: it is that job's doing, so it is not run again, whatever
/// its policy would allow.
pub(crate) fn quarantine(
    claim: Claim,
    route: &Route,
    death: &Death,
    ran: Duration,
    telling: &Telling,
    now: UnixMs,
) -> Settlement {
    let verdict = Verdict::Bury { failure: quarantined(claim.attempt, death) };
    tell_end(&claim, "quarantined", 0);
    route.gauges.quarantined(ran, &verdict);
    let version = route.version_for(&claim);
    version.gauges.died();
    telling.ended(&claim, End { result: QUARANTINED_WORD, module: Some(&version.module), ran }, now);
    let wall_us = u64::try_from(ran.as_micros()).unwrap_or(u64::MAX);
    let usage = Usage { wall_us, ..Usage::default() };
    let record = AttemptRecord { usage, ..executed(&claim, route) };
    claim.settle(verdict, record)
}

/// What is kept of an attempt that ran, before anything is known of it but what ran it.
fn executed(claim: &Claim, route: &Route) -> AttemptRecord {
    let module = route.version_for(claim).module.clone();
    AttemptRecord { ran: Some(Ran::Module(module)), ..route.record() }
}

/// What becomes of a claim without running it, if that is decided already: its job is shadow, or has been tried too often.
pub(crate) fn decided(
    claim: &Claim,
    route: &Route,
    telling: &Telling,
    clock: &dyn Clock,
) -> Option<(Verdict, AttemptRecord)> {
    let not_run = |result| End { result, module: None, ran: Duration::ZERO };
    if claim.job.stamp.mode == Mode::Shadow {
        let verdict = Verdict::Complete { output: Bytes::new() };
        route.gauges.shadowed(&verdict);
        telling.ended(claim, not_run(SHADOW_WORD), clock.now());
        return Some((verdict, AttemptRecord { ran: Some(Ran::Nothing), ..route.record() }));
    }
    let verdict = used_up(claim, route)?;
    telling.ended(claim, not_run(LOST_WORD), clock.now());
    Some((verdict, route.record()))
}

/// A claim beyond the policy's attempts: all before it were counted when they were taken, and none came back. Its
/// workers vanished or lost their leases, perhaps because of it, so it is not run again, not even alone.
fn used_up(claim: &Claim, route: &Route) -> Option<Verdict> {
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
