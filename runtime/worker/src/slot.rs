//! A slot: a thread that runs one job after another. Claim, run under limits, verdict, settlement.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;
use wasmill_job::{Attempt, Clock, Failure, FailureCode, Outcome, Verdict, verdict};
use wasmill_queue::{AttemptRecord, Claim, Settlement};
use wasmill_sandbox::{Call, Interrupt, Sandbox};

use crate::backlog::{Assignment, Backlog};
use crate::route::Route;

/// The log target under which each attempt is told, at level debug: a history that the fault scenarios check.
const TELLING: &str = "wasmill_worker::attempt";

/// What a slot works with.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) sandbox: Sandbox,
    pub(crate) backlog: Arc<Backlog>,
    /// Bounded by the claims that the taker holds at once.
    pub(crate) settlements: UnboundedSender<Settlement>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Slot {
    /// Works until the backlog is closed.
    pub(crate) fn work(self) {
        let mut ran = None;
        while let Some(assignment) = self.backlog.next(ran) {
            let started = Instant::now();
            let settlement = self.attempt(assignment);
            // The settler outlives its senders, so this fails only when the process is torn down.
            let _ = self.settlements.send(settlement);
            ran = Some(started.elapsed());
        }
    }

    /// The life of a claim.
    fn attempt(&self, assignment: Assignment) -> Settlement {
        let Assignment { claim, route, interrupt, .. } = assignment;
        if let Some(verdict) = used_up(claim.attempt, &route) {
            route.gauges.lost(&verdict);
            return claim.settle(verdict, route.record());
        }
        let Claim { job, attempt, .. } = &claim;
        let _span = tracing::debug_span!("job", id = %job.id, job_type = %job.job_type, %attempt).entered();
        tracing::debug!(target: TELLING, job = %job.id, job_type = %job.job_type, %attempt, "attempt started");
        let outcome = self.run(&claim, &route, &interrupt);
        let verdict = verdict(&outcome, claim.attempt, &route.retry, rand::random());
        let end = outcome.end.as_str();
        tracing::debug!(target: TELLING, job = %job.id, %attempt, end, fuel = outcome.usage.fuel, "attempt ended");
        route.gauges.ran(&outcome, &verdict);
        let record = AttemptRecord { logs: outcome.logs, usage: outcome.usage, ..route.record() };
        claim.settle(verdict, record)
    }

    fn run(&self, claim: &Claim, route: &Route, interrupt: &Interrupt) -> Outcome {
        if claim.attempt == Attempt(1) {
            route.gauges.started(self.clock.now().since(claim.job.accepted_at));
        }
        let call = Call { job: &claim.job, attempt: claim.attempt, max_attempts: route.retry.attempts };
        self.sandbox.run(&route.handler, &call, &route.limits, interrupt)
    }
}

/// A claim beyond the policy's attempts: all before it were counted when they were taken, and none came back. Its
/// workers vanished or lost their leases, perhaps because of it, so it is not run again.
fn used_up(attempt: Attempt, route: &Route) -> Option<Verdict> {
    let allowed = route.retry.attempts;
    (attempt.0 > allowed).then(|| {
        let message =
            format!("no worker that took it came back to settle it; it may be tried {allowed} times");
        Verdict::Bury { failure: Failure::new(FailureCode::Lost, message) }
    })
}
