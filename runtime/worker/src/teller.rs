//! Tells of the worker each second, for whoever looks. Nothing waits for it: a queue that fails, or hangs, costs a report.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use wasmill_job::{Clock, UnixMs};
use wasmill_queue::{Queue, WorkerId, WorkerReport};

use crate::ledger::Ledger;
use crate::route::Routes;
use crate::telling::{Telling, Told};

/// Tells.
pub(crate) struct Teller<Q> {
    pub(crate) queue: Q,
    pub(crate) who: Who,
    pub(crate) telling: Arc<Telling>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) routes: watch::Receiver<Arc<Routes>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The worker drains.
    pub(crate) stop: CancellationToken,
}

/// What about a worker does not change.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    worker: WorkerId,
    host: String,
    pid: u32,
    version: &'static str,
    started_at: UnixMs,
    slots: u32,
}

/// How often it tells.
const EVERY: Duration = Duration::from_secs(1);
/// For how long a report is shown: whoever has not told for so long is gone, however it went.
const KEEP: Duration = Duration::from_secs(10);
/// For how long the last report is shown. Without one the worker would seem silent for [`KEEP`]; and whoever follows attempts from
/// report to report has to see those that ended last.
const KEEP_LAST: Duration = Duration::from_secs(3);
/// How long the last report may take: the process wants to end.
const LAST_WITHIN: Duration = Duration::from_secs(1);

impl Who {
    /// This process, as a worker of so many slots.
    pub(crate) fn here(worker: WorkerId, slots: usize, started_at: UnixMs) -> Self {
        // A machine without a name, or with one that is no text, is told as such; pages show what it is.
        let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let slots = u32::try_from(slots).unwrap_or(u32::MAX);
        Self { worker, host, pid: process::id(), version: env!("CARGO_PKG_VERSION"), started_at, slots }
    }
}

impl<Q: Queue> Teller<Q> {
    /// Tells until `over`, which comes when nothing is held any more, and then once more.
    pub(crate) async fn run(self, over: CancellationToken) {
        tokio::select! {
            () = self.tell_each_second() => {}
            () = over.cancelled() => {}
        }
        if timeout(LAST_WITHIN, self.queue.report(self.report(), KEEP_LAST)).await.is_err() {
            tracing::debug!(
                "the queue does not take the last report of this worker in time; it shows as silent"
            );
        }
    }

    /// Each second, and at once when the worker begins to drain.
    async fn tell_each_second(&self) {
        let mut ticks = interval(EVERY);
        // One that was held up makes up for nothing: only the newest counts.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_in_trouble = false;
        loop {
            let drains = self.stop.is_cancelled();
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stop.cancelled(), if !drains => {}
            }
            let told = self.queue.report(self.report(), KEEP).await;
            if let Err(error) = &told
                && !is_in_trouble
            {
                tracing::debug!("what this worker tells of itself is not shown; it tells again: {error}");
            }
            is_in_trouble = told.is_err();
        }
    }

    fn report(&self) -> WorkerReport {
        let now = self.clock.now();
        // Before the notes: a worker that is said to hold nothing has ended all, and whatever ran when it was told to drain is in
        // what it tells.
        let is_draining = self.stop.is_cancelled();
        let held = u32::try_from(self.ledger.len()).unwrap_or(u32::MAX);
        let Told { running, running_more, latencies, ended } = self.telling.told(now);
        let Who { worker, host, pid, version, started_at, slots } = self.who.clone();
        WorkerReport {
            worker,
            host,
            pid,
            version: version.to_owned(),
            started_at,
            told_at: now,
            revision: self.routes.borrow().revision,
            slots,
            held,
            is_draining,
            running,
            running_more,
            latencies,
            ended,
        }
    }
}
