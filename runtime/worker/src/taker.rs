//! Takes claims for the slots, in batches, while the slots run the ones before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, UnboundedSender};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmill_job::Verdict;
use wasmill_queue::{AttemptRecord, Claim, Queue, QueueError, Settlement, Take, WorkerId};
use wasmill_sandbox::Interrupt;

use crate::backlog::{Assignment, Backlog};
use crate::ledger::Ledger;
use crate::route::Routes;
use crate::trouble::Trouble;

/// Takes claims.
pub(crate) struct Taker<Q> {
    pub(crate) queue: Q,
    pub(crate) worker: WorkerId,
    pub(crate) lease: Duration,
    pub(crate) routes: watch::Receiver<Arc<Routes>>,
    pub(crate) backlog: Arc<Backlog>,
    /// The line of those that must run alone.
    pub(crate) suspects: Sender<Assignment>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) settlements: UnboundedSender<Settlement>,
}

/// The longest wait for work between two looks, in case that a wake was lost for good. Sweeps wake, too, and there is one
/// each second; an idle worker should cost a shared queue no more than those.
const LOOK_AGAIN: Duration = Duration::from_secs(300);
/// The pause after a wake that brought nothing: a flood of jobs that this worker does not run costs it at most 200 takes
/// a second.
const HOLD_OFF: Duration = Duration::from_millis(5);
/// The pause after a take whose suspects did not all fit into their line: what went back may go to another worker first.
const SUSPECTS_PAUSE: Duration = Duration::from_millis(100);

impl<Q: Queue> Taker<Q> {
    /// Takes until `stop`. A take under way is finished, since its claims are ours by then.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut trouble = Trouble::new("taking jobs");
        let mut request = 0;
        let mut fruitless = 0_u32;
        // The first try of the present request: its lease counts from there.
        let mut asked = Instant::now();
        while let Some(room) = self.room(&stop).await {
            let routes = Arc::clone(&self.routes.borrow_and_update());
            if routes.offer.types.is_empty() {
                self.wait_for_routes(&stop).await;
                continue;
            }
            if !trouble.is_on() {
                asked = Instant::now();
            }
            match self.take(request, room, &routes).await {
                Ok(claims) => {
                    trouble.over();
                    request += 1;
                    fruitless = if claims.is_empty() { fruitless.saturating_add(1) } else { 0 };
                    if !self.assign(claims, &routes, asked + self.lease) {
                        let _ = tokio::time::timeout(SUSPECTS_PAUSE, stop.cancelled()).await;
                    }
                }
                // The same request again: if it was applied without an answer, it gives the same claims.
                Err(error) => {
                    let pause = trouble.met(&error, rand::random());
                    let _ = tokio::time::timeout(pause, stop.cancelled()).await;
                }
            }
            if fruitless > 0 {
                self.wait_for_work(fruitless, &stop).await;
            }
        }
    }

    /// Waits until the slots want more; `None` when the worker stops.
    async fn room(&self, stop: &CancellationToken) -> Option<usize> {
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            room = async { self.ledger.eased().await; self.backlog.room().await } => Some(room),
        }
    }

    async fn take(&self, request: u64, max: usize, routes: &Routes) -> Result<Vec<Claim>, QueueError> {
        let offer = Arc::clone(&routes.offer);
        self.queue.take(Take { worker: self.worker, request, max, lease: self.lease, offer }).await
    }

    /// Hands claims to the slots, and suspects to their lane; those for which there is no room there go back. Answers
    /// whether all fit. `until` is when their leases surely last.
    fn assign(&self, claims: Vec<Claim>, routes: &Routes, until: Instant) -> bool {
        if claims.is_empty() {
            return true;
        }
        let since = Instant::now();
        let mut assignments = Vec::with_capacity(claims.len());
        let mut suspects = Vec::new();
        let mut held = Vec::with_capacity(claims.len());
        for claim in claims {
            let interrupt = Interrupt::new();
            held.push((claim.reference(), interrupt.clone()));
            match routes.by_type.get(&claim.job.job_type) {
                Some(route) => {
                    let route = Arc::clone(route);
                    let assignment = Assignment { claim, route, interrupt, since };
                    if assignment.claim.suspect {
                        suspects.push(assignment);
                    } else {
                        assignments.push(assignment);
                    }
                }
                // Not in the offer: a repeated request whose type was paused or removed in between. The job stays
                // pending, for whoever offers its type.
                None => drop(self.settlements.send(claim.settle(Verdict::Release, AttemptRecord::default()))),
            }
        }
        self.ledger.hold(held, until);
        for late in self.backlog.add(assignments) {
            let _ = self.settlements.send(late.release());
        }
        let mut all_fit = true;
        // The lane outlives the taker, so this fails only for want of room, or when the process is torn down.
        for suspect in suspects {
            if let Err(TrySendError::Full(suspect) | TrySendError::Closed(suspect)) =
                self.suspects.try_send(suspect)
            {
                let _ = self.settlements.send(suspect.release());
                all_fit = false;
            }
        }
        all_fit
    }

    /// Waits until the queue may have something. `fruitless` takes in a row gave nothing.
    async fn wait_for_work(&mut self, fruitless: u32, stop: &CancellationToken) {
        let wake = async {
            if fruitless > 1 {
                // Woken for nothing: for types that this worker does not run, or another worker was faster.
                tokio::time::sleep(HOLD_OFF).await;
            }
            self.queue.ready(LOOK_AGAIN).await;
        };
        tokio::select! {
            () = wake => {}
            Ok(()) = self.routes.changed() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn wait_for_routes(&mut self, stop: &CancellationToken) {
        tokio::select! {
            _ = self.routes.changed() => {}
            () = stop.cancelled() => {}
        }
    }
}
