//! Housekeeping, about once a second: asks the queue to return expired and due jobs, gives back claims that have waited
//! here for too long, and shows the gauges. Any number of workers may do it at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use wasmill_job::Verdict;
use wasmill_queue::{Queue, QueueError, Settlement};

use crate::backlog::{Assignment, Backlog};
use crate::gauges;
use crate::ledger::Ledger;
use crate::trouble::Trouble;

/// Sweeps.
pub(crate) struct Sweeper<Q> {
    pub(crate) queue: Q,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) settlements: UnboundedSender<Settlement>,
}

/// Not more often: this is all that an idle worker asks, and a queue may be shared by a thousand of them.
const EVERY: Duration = Duration::from_secs(1);
/// How many jobs one sweep moves, so that it does not hold up takes and settles.
const SWEEP_MAX: usize = 1_000;
/// How long a claim may wait for a slot, where 20 ms were planned.
const WAIT_MAX: Duration = Duration::from_secs(1);

impl<Q: Queue> Sweeper<Q> {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut trouble = Trouble::new("sweeping the queue");
        let mut pause = EVERY;
        while tokio::time::timeout(pause, stop.cancelled()).await.is_err() {
            for overdue in self.backlog.overdue(Instant::now(), WAIT_MAX) {
                let _ = self.settlements.send(overdue.release());
            }
            let (prefetched, busy) = self.backlog.load();
            gauges::load(prefetched, busy, self.ledger.len());
            pause = match sweep(&self.queue).await {
                Ok(()) => {
                    trouble.over();
                    EVERY
                }
                Err(error) => trouble.met(&error, rand::random()),
            };
        }
    }
}

/// Sweeps until nothing is left to sweep. What became pending wakes whoever waits for it, the taker too.
async fn sweep<Q: Queue>(queue: &Q) -> Result<(), QueueError> {
    loop {
        let swept = queue.sweep(SWEEP_MAX).await?;
        if swept.expired + swept.due < SWEEP_MAX && swept.forgotten < SWEEP_MAX {
            return Ok(());
        }
    }
}

impl Assignment {
    /// Gives the claim back unused: the attempt does not count.
    pub(crate) fn release(self) -> Settlement {
        self.claim.settle(Verdict::Release, self.route.record())
    }
}
