//! Gathers settlements and applies them. A batch is whatever has come while the one before was under way; while more
//! claims wait for a slot, a small batch also waits a moment for company, because a settle costs the queue about the
//! same for one job as for thirty. Without a backlog nothing waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmill_queue::{Answer, Queue, QueueError, Settlement};

use crate::backlog::Backlog;
use crate::gauges;
use crate::ledger::Ledger;
use crate::trouble::Trouble;

/// Settles what the slots finish.
pub(crate) struct Settler<Q> {
    pub(crate) queue: Q,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) settlements: UnboundedReceiver<Settlement>,
    /// Once the worker drains, trouble is borne for so long: then the leases have run out, and the jobs are the
    /// queue's again whatever we say.
    pub(crate) lease: Duration,
    pub(crate) stop: CancellationToken,
}

/// The largest batch.
const BATCH_MAX: usize = 512;
/// A batch of so many has company enough.
const COMPANY: usize = 64;
/// How long a smaller one waits for it: the finest step of the runtime's timer.
const LINGER: Duration = Duration::from_millis(1);

impl<Q: Queue> Settler<Q> {
    /// Works until every sender is gone and all they sent is settled. Each part of the queue has a line of its own: one
    /// that is away holds no others up.
    pub(crate) async fn run(mut self) {
        let parts = self.queue.parts();
        if parts <= 1 {
            return self.settle_line().await;
        }
        let (mut lines, mut tasks) = (Vec::with_capacity(parts), JoinSet::new());
        for _ in 0..parts {
            let (line, settlements) = mpsc::unbounded_channel();
            lines.push(line);
            tasks.spawn(self.on(settlements).settle_line());
        }
        while let Some(settlement) = self.settlements.recv().await {
            let part = self.queue.part_of(settlement.reference().id);
            // A line ends before its sender only when its task failed inside, which is reported below.
            let _ = lines[part].send(settlement);
        }
        drop(lines);
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!("a task of the worker failed inside: {error}");
            }
        }
    }

    /// Another one, on this line.
    fn on(&self, settlements: UnboundedReceiver<Settlement>) -> Self {
        Self {
            queue: self.queue.clone(),
            backlog: Arc::clone(&self.backlog),
            ledger: Arc::clone(&self.ledger),
            settlements,
            lease: self.lease,
            stop: self.stop.clone(),
        }
    }

    async fn settle_line(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut trouble = Trouble::new("settling jobs");
        while self.settlements.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.wait_for_company(&mut batch).await;
            let settlements: Arc<[Settlement]> = batch.drain(..).collect();
            self.settle(&settlements, &mut trouble).await;
            self.ledger.settled(settlements.iter().map(Settlement::reference));
        }
    }

    async fn wait_for_company(&mut self, batch: &mut Vec<Settlement>) {
        let (waiting, _) = self.backlog.load();
        if waiting == 0 || batch.len() >= COMPANY {
            return;
        }
        tokio::time::sleep(LINGER).await;
        while batch.len() < BATCH_MAX
            && let Ok(more) = self.settlements.try_recv()
        {
            batch.push(more);
        }
    }

    /// Settles, and repeats it until it is answered.
    async fn settle(&self, settlements: &Arc<[Settlement]>, trouble: &mut Trouble) {
        let mut give_up_at = None;
        loop {
            // Power lost before this line: the jobs are in flight, and run again when their leases have run out.
            match self.queue.settle(Arc::clone(settlements)).await {
                Ok(answers) => {
                    // Power lost before this line: they are settled. Nothing here has to be remembered.
                    trouble.over();
                    return note_lost(settlements, &answers);
                }
                // Repeating is safe: what was applied without an answer has no claim any more, and answers `Lost`.
                Err(error) => {
                    let pause = trouble.met(&error, rand::random());
                    if self.stop.is_cancelled() {
                        let at = *give_up_at.get_or_insert_with(|| Instant::now() + self.lease);
                        if Instant::now() + pause >= at || error == QueueError::Closed {
                            tracing::warn!(
                                jobs = settlements.len(),
                                "could not settle before the end; the jobs run again: {error}"
                            );
                            return;
                        }
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

/// Lost claims are a normal outcome: the lease ran out, the job was cancelled, or the queue was lost and is rebuilt.
/// The queue has the last word, so their results are dropped.
fn note_lost(settlements: &[Settlement], answers: &[Answer]) {
    let lost = || settlements.iter().zip(answers).filter(|(_, answer)| **answer == Answer::Lost);
    let count = lost().count();
    if count > 0 {
        gauges::count_lost_claims(count);
        for (settlement, _) in lost() {
            tracing::debug!(id = %settlement.reference().id, "the claim was lost; the result is dropped");
        }
    }
}
