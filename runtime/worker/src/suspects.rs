//! The lane of suspects: jobs whose last worker vanished while it held them. Each runs alone in a child process, one after
//! the other, so that a death has one cause: the job that ran. The slots go on with other jobs meanwhile, and the keeper
//! renews the leases of all that wait here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Receiver, UnboundedSender};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use wasmill_job::{Clock, End, Outcome, Stop};
use wasmill_queue::{Claim, Settlement};
use wasmill_sandbox::Interrupt;

use crate::alone::{Child, Death, NoChild, Request, StartAlone};
use crate::attempt::{begin, decided, finish, quarantine};
use crate::backlog::Assignment;
use crate::gauges;
use crate::route::Route;
use crate::telling::Telling;
use crate::trouble::pause;

/// Runs suspects.
pub(crate) struct Suspects {
    pub(crate) line: Receiver<Assignment>,
    pub(crate) start: StartAlone,
    pub(crate) settlements: UnboundedSender<Settlement>,
    pub(crate) telling: Arc<Telling>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The worker drains: nothing begins any more.
    pub(crate) stop: CancellationToken,
    /// Kept for the next suspect, for a while.
    child: Option<Child>,
    /// Those that no child began when it was their turn. They stay here, and suspects: not every queue knows them again as
    /// such when they are given back.
    again: VecDeque<Assignment>,
}

/// What came of running a suspect.
#[expect(clippy::large_enum_variant, reason = "one at a time, and taken apart at once")]
enum Ran {
    Ended(Outcome),
    /// The child died of it, after so long.
    Died(Death, Duration),
    /// The lease was lost, or the grace period is over.
    Interrupted,
    /// No child began it, however often that was tried.
    NotBegun(NoChild),
}

/// What came of a suspect's turn.
#[expect(clippy::large_enum_variant, reason = "one at a time, and taken apart at once")]
enum Turn {
    Over(Settlement),
    /// Nothing has begun; it waits for another turn.
    Again(Assignment),
}

/// How many suspects may wait here. What is beyond goes back, for other workers.
pub(crate) const LINE_MAX: usize = 1_024;

/// How long a child without work is kept.
const KEEP_IDLE: Duration = Duration::from_secs(10);
/// How soon a raised flag is seen.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What a run may take beyond its time limit, which the sandbox in the child holds by itself: the child may get little
/// of a busy machine, and has to tell its answer. One that takes longer hangs, and a hang is a death.
const MARGIN: Duration = Duration::from_secs(10);
/// After so many children that did not begin a suspect, those behind it get their turn.
const STARTS_MAX: u32 = 3;
/// The pause after that: perhaps no child can be started at the moment, whatever is to be run.
const START_PAUSE: Duration = Duration::from_secs(2);

impl Suspects {
    pub(crate) fn new(
        line: Receiver<Assignment>,
        start: StartAlone,
        settlements: UnboundedSender<Settlement>,
        telling: Arc<Telling>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Self {
        Self { line, start, settlements, telling, clock, stop, child: None, again: VecDeque::new() }
    }

    /// Works until the taker is gone and the line is empty.
    pub(crate) async fn run(mut self) {
        while let Some(assignment) = self.next().await {
            gauges::suspects(self.waiting() + 1);
            let turn = if self.stop.is_cancelled() {
                Turn::Over(assignment.release())
            } else {
                self.attempt(assignment).await
            };
            match turn {
                // The settler outlives its senders, so this fails only when the process is torn down.
                Turn::Over(settlement) => drop(self.settlements.send(settlement)),
                Turn::Again(assignment) => {
                    self.again.push_back(assignment);
                    let _ = timeout(START_PAUSE, self.stop.cancelled()).await;
                }
            }
            gauges::suspects(self.waiting());
        }
    }

    fn waiting(&self) -> usize {
        self.line.len() + self.again.len()
    }

    async fn next(&mut self) -> Option<Assignment> {
        if let Ok(next) = self.line.try_recv() {
            return Some(next);
        }
        if let Some(next) = self.again.pop_front() {
            return Some(next);
        }
        if self.child.is_some() {
            match timeout(KEEP_IDLE, self.line.recv()).await {
                Ok(next) => return next,
                Err(_) => self.child = None,
            }
        }
        self.line.recv().await
    }

    /// The turn of a suspect's claim.
    async fn attempt(&mut self, assignment: Assignment) -> Turn {
        let Assignment { claim, route, interrupt, since } = assignment;
        if let Some((verdict, record)) = decided(&claim, &route, &self.telling, &*self.clock) {
            return Turn::Over(claim.settle(verdict, record));
        }
        let mut child = self.child.take();
        let ran = tokio::select! {
            biased;
            () = raised(&interrupt, &self.stop, &mut self.line, &self.settlements) => Ran::Interrupted,
            ran = run(&self.start, &mut child, &claim, &route, &self.telling, &*self.clock) => ran,
        };
        Turn::Over(match ran {
            Ran::NotBegun(error) => {
                tracing::error!(
                    id = %claim.job.id, job_type = %claim.job.job_type, tries = STARTS_MAX,
                    "no child process begins this suspect; others get their turn before it is tried again: {error}"
                );
                return Turn::Again(Assignment { claim, route, interrupt, since });
            }
            Ran::Ended(outcome) => {
                self.child = child;
                finish(claim, &route, outcome, &self.telling, self.clock.now())
            }
            // Whoever ends this worker may have ended its child, too: it is no proof against the job, which comes back.
            Ran::Died(..) if self.stop.is_cancelled() => {
                finish(claim, &route, interrupted(), &self.telling, self.clock.now())
            }
            Ran::Died(death, ran) => {
                tracing::warn!(id = %claim.job.id, job_type = %claim.job.job_type, "a suspect is quarantined: the process {death}");
                quarantine(claim, &route, &death, ran, &self.telling, self.clock.now())
            }
            // The child is dropped, and so killed.
            Ran::Interrupted => finish(claim, &route, interrupted(), &self.telling, self.clock.now()),
        })
    }
}

/// Runs a claim's job in the child that there is, or in a new one, which is left in `child`. Dropping the future leaves
/// the child amid its work: drop that, too.
async fn run(
    start: &StartAlone,
    child: &mut Option<Child>,
    claim: &Claim,
    route: &Route,
    telling: &Telling,
    clock: &dyn Clock,
) -> Ran {
    let request = Request {
        module: route.version_for(claim).handler.digest(),
        job: claim.job.clone(),
        attempt: claim.attempt,
        max_attempts: route.retry.attempts,
        limits: route.limits,
        grants: route.permit.grants().clone(),
        secrets: route.permit.secret_values(),
        destinations: route.destinations(),
    };
    let mut tries = 0_u32;
    let child = loop {
        match begun(start, child.take(), &request).await {
            Ok(begun) => break child.insert(begun),
            // Nothing that the job did, as far as is known: it has not begun.
            Err(error) => {
                tries += 1;
                if tries >= STARTS_MAX {
                    return Ran::NotBegun(error);
                }
                tracing::warn!("a suspect cannot be run alone yet; waiting, and trying again: {error}");
                sleep(pause(tries, rand::random())).await;
            }
        }
    };
    let Claim { job, attempt, .. } = claim;
    tracing::debug_span!("job", id = %job.id, job_type = %job.job_type, %attempt)
        .in_scope(|| begin(claim, route, telling, clock, child.pid()));
    let started = Instant::now();
    match child.outcome(&route.limits, route.limits.timeout + MARGIN).await {
        Ok(outcome) => Ran::Ended(outcome),
        Err(death) => Ran::Died(death, started.elapsed()),
    }
}

/// A child that runs the job: the one there is, or a new one if that has died meanwhile.
async fn begun(start: &StartAlone, child: Option<Child>, request: &Request) -> Result<Child, NoChild> {
    if let Some(mut child) = child
        && child.begin(request).await.is_ok()
    {
        return Ok(child);
    }
    let mut child = Child::start(start).await?;
    child.begin(request).await?;
    Ok(child)
}

/// Waits until the flag is raised. Meanwhile, when the worker drains, gives back what waits in the line.
async fn raised(
    interrupt: &Interrupt,
    stop: &CancellationToken,
    line: &mut Receiver<Assignment>,
    settlements: &UnboundedSender<Settlement>,
) {
    while !interrupt.is_interrupted() {
        sleep(LOOK_EVERY).await;
        while stop.is_cancelled()
            && let Ok(unstarted) = line.try_recv()
        {
            let _ = settlements.send(unstarted.release());
        }
    }
}

fn interrupted() -> Outcome {
    let message = "interrupted by the worker; the attempt does not count".into();
    Outcome::bare(End::Stopped { stop: Stop::Interrupted, message })
}
