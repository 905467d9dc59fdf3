//! What a line of a table says. Pure.

use super::board::TypeRow;
use crate::age::age_between;
use crate::command::status::Percentiles;
use crate::command::workers::answer::{Run, WorkerRow};

pub(super) const WORKERS: [&str; 9] =
    ["WORKER", "HOST", "PID", "VERSION", "UP", "TOLD", "SLOTS", "RUNNING", "STATE"];
pub(super) const RUNS: [&str; 5] = ["FOR", "TYPE", "ID", "ATTEMPT", "MODULE"];

/// A rate: below ten with one digit behind the point.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        none if none <= 0.0 => "0".into(),
        few if few < 9.95 => format!("{few:.1}"),
        many => format!("{many:.0}"),
    }
}

/// What stands in the columns of the table of job types.
pub(super) fn of_type(TypeRow { status, flow }: &TypeRow) -> Vec<String> {
    // What is live is as it should be, and needs no word.
    let name = match status.mode.as_deref() {
        Some("live") => status.job_type.clone(),
        Some(mode) => format!("{} ({mode})", status.job_type),
        None => format!("{} (no route)", status.job_type),
    };
    let [wait, run] = [status.wait_ms, status.run_ms].map(|times| Percentiles::show_p99(times.as_ref()));
    vec![
        name,
        status.pending.to_string(),
        status.scheduled.to_string(),
        status.in_flight.to_string(),
        rate(flow.accepted),
        rate(flow.completed),
        rate(flow.failed),
        status.dead.to_string(),
        wait,
        run,
    ]
}

pub(super) fn of_worker(of: &WorkerRow, now_ms: u64) -> Vec<String> {
    let [up, told] = [of.started_at_ms, of.told_at_ms].map(|at| age_between(at, now_ms));
    vec![
        of.worker.clone(),
        of.host.clone(),
        of.pid.to_string(),
        of.version.clone(),
        up,
        told,
        of.slots.to_string(),
        of.runs().to_string(),
        of.state().to_owned(),
    ]
}

pub(super) fn of_run(run: &Run, now_ms: u64) -> Vec<String> {
    vec![
        age_between(run.since_ms, now_ms),
        run.job_type.clone(),
        run.id.clone(),
        run.attempt.to_string(),
        run.module.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

#[cfg(test)]
mod tests;
