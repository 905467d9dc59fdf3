//! A slot: a thread that runs one job after another. Claim, run under limits, verdict, settlement.

use std::process;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;
use wasmill_job::Clock;
use wasmill_queue::{Claim, Settlement};
use wasmill_sandbox::{Call, Sandbox};

use crate::attempt::{begin, decided, finish};
use crate::backlog::{Assignment, Backlog};
use crate::telling::Telling;

/// What a slot works with.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) sandbox: Sandbox,
    pub(crate) backlog: Arc<Backlog>,
    /// Bounded by the claims that the taker holds at once.
    pub(crate) settlements: UnboundedSender<Settlement>,
    pub(crate) telling: Arc<Telling>,
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
        if let Some((verdict, record)) = decided(&claim, &route, &self.telling, &*self.clock) {
            return claim.settle(verdict, record);
        }
        let Claim { job, attempt, .. } = &claim;
        let _span = tracing::debug_span!("job", id = %job.id, job_type = %job.job_type, %attempt).entered();
        begin(&claim, &route, &self.telling, &*self.clock, process::id());
        let call = Call { job, attempt: *attempt, max_attempts: route.retry.attempts, permit: &route.permit };
        let outcome = self.sandbox.run(&route.version_for(&claim).handler, &call, &route.limits, &interrupt);
        finish(claim, &route, outcome, &self.telling, self.clock.now())
    }
}
