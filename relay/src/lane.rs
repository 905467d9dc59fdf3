//! One lane: a partition of the log on its way to the queue.
//!
//! Safety does not rest on there being one relay: each push carries the offsets it goes from and to, and the queue
//! takes it whole at the offset it wants, or not at all. What a lane knows in memory is only a guess about that offset.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmill_job::{Offset, Progress, Revision, TopicPartition};
use wasmill_log::{Bounds, Log, ReadError, Stored};
use wasmill_queue::{Push, Pushed, Queue};

use crate::batch::Batch;
use crate::ends::Ends;
use crate::gauges::{Gauges, count_dead};
use crate::hindrance::{Hindrance, Trouble};
use crate::standing::{Standing, Standings};

/// Carries one partition.
pub(crate) struct Lane<L, Q> {
    ends: Arc<Ends<L, Q>>,
    place: TopicPartition,
    standings: Arc<Standings>,
    gauges: Gauges,
    trouble: Trouble,
    /// The offset the queue is believed to want; `None`: ask it.
    wanted: Option<Offset>,
    /// Where the log ended when the queue was found to be ahead of it.
    end_when_ahead: Option<Offset>,
    /// The progress the log was told last.
    committed: Option<Progress>,
    /// The revision the lane waits for, once that was logged.
    waits_for: Option<Revision>,
    next_pulse: Instant,
}

/// About how much is read at once.
const READ_BYTES_MAX: usize = 1 << 20;
/// How many records one push carries: enough to make its fixed cost small, few enough for a queue's single step.
const PUSH_RECORDS_MAX: usize = 1_000;
/// How often progress is committed, and the queue asked whether it is still the one we know. A replay after the loss
/// of the queue repeats what was settled in the last such span; and a process that dies again and again faster than
/// this would repeat the same jobs each time. Short, therefore: a commit shares its fsync with whatever is stored.
const PULSE: Duration = Duration::from_millis(250);

impl<L: Log, Q: Queue> Lane<L, Q> {
    pub(crate) fn new(ends: Arc<Ends<L, Q>>, place: TopicPartition, standings: Arc<Standings>) -> Self {
        Self {
            gauges: Gauges::of(&place),
            trouble: Trouble::new(format!("relaying {place}")),
            ends,
            place,
            standings,
            wanted: None,
            end_when_ahead: None,
            committed: None,
            waits_for: None,
            next_pulse: Instant::now() + PULSE,
        }
    }

    /// Carries records until `stop`. It may be stopped, or dropped, between any two lines: that is no worse than a
    /// crash, and a crash loses nothing.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.step(&stop).await {
                Ok(()) => {
                    self.trouble.over();
                    None
                }
                Err(hindrance) => {
                    // Whatever it was, the queue may be another one afterwards: ask what it wants.
                    self.wanted = None;
                    Some(self.trouble.met(&hindrance, rand::random()))
                }
            };
            self.gauges.hindered(self.trouble.is_on());
            if let Some(pause) = pause {
                let _ = tokio::time::timeout(pause, stop.cancelled()).await;
            }
        }
    }

    /// Reads a run of records and carries it over, or waits for one.
    async fn step(&mut self, stop: &CancellationToken) -> Result<(), Hindrance> {
        let wanted = match self.wanted {
            Some(wanted) => wanted,
            None => self.resume().await?,
        };
        let records = match self.ends.log.read(&self.place, wanted, READ_BYTES_MAX).await {
            // Retention has overtaken us: resuming finds out whether that is in order.
            Err(ReadError::Gone { .. }) => {
                self.wanted = None;
                return self.resume().await.map(|_| ());
            }
            other => other?,
        };
        if records.is_empty() {
            self.standings.reached(&self.place, Standing::CaughtUp);
            self.wait(wanted, stop).await;
        } else {
            self.carry(wanted, &records, stop).await?;
        }
        if Instant::now() >= self.next_pulse {
            self.pulse().await?;
        }
        Ok(())
    }

    /// Asks the queue where to go on, and checks that the log has it.
    async fn resume(&mut self) -> Result<Offset, Hindrance> {
        let Ends { log, queue, .. } = &*self.ends;
        let progress = if self.place.topic.is_compacted() {
            // Dead letters are never settled: a queue that was lost has to see all that are left.
            Progress { floor: log.bounds(&self.place).await?.first, ..Progress::default() }
        } else {
            log.committed(&self.place).await?
        };
        let wanted = queue.resume(&self.place, &progress).await?;
        // Read after the queue has answered: the log only grows, so an end before `wanted` is a real one.
        let Bounds { first, next } = log.bounds(&self.place).await?;
        // The log may grow past `wanted` while we wait for help, but its offsets mean other jobs all the same.
        let end = self.end_when_ahead.unwrap_or(next);
        let lane = || self.place.clone();
        if wanted > end {
            self.end_when_ahead = Some(end);
            return Err(Hindrance::Ahead { lane: lane(), wanted, end });
        }
        self.end_when_ahead = None;
        if wanted < first && !self.place.topic.is_compacted() {
            return Err(Hindrance::Gone { lane: lane(), wanted, first });
        }
        tracing::debug!(lane = %self.place, %wanted, %next, floor = %progress.floor, "resumed");
        self.wanted = Some(wanted);
        self.committed = Some(progress);
        self.standings.reached(&self.place, Standing::Resumed);
        Ok(wanted)
    }

    /// Carries `records`, which begin at or after `wanted`, into the queue, push by push.
    async fn carry(
        &mut self,
        mut wanted: Offset,
        records: &[Stored],
        stop: &CancellationToken,
    ) -> Result<(), Hindrance> {
        for records in records.chunks(PUSH_RECORDS_MAX) {
            let now = self.ends.clock.now();
            let catalog = Arc::clone(&self.ends.catalog.borrow());
            let batch = Batch::read(&self.place, wanted, records, &catalog, now);
            let (to, waits_for) = (batch.push.to, batch.waits_for);
            if to > wanted && !self.hand_over(batch).await? {
                return Ok(());
            }
            wanted = to;
            if let Some(revision) = waits_for {
                self.wait_for_catalog(revision, stop).await;
                return Ok(());
            }
            if stop.is_cancelled() {
                return Ok(());
            }
        }
        self.waits_for = None;
        Ok(())
    }

    /// One push, dead letters first. Answers whether the queue took it; if not, `wanted` says where to go on.
    async fn hand_over(&mut self, batch: Batch) -> Result<bool, Hindrance> {
        let jobs = batch.jobs();
        let Batch { push, letters, .. } = batch;
        let (from, to) = (push.from, push.to);
        // Power lost before this line: nothing has happened. The same records are read again.
        self.ends.bury(letters.iter()).await?;
        // Power lost before this line: the letters are in the log, the queue still wants `from`. The records are
        // read again, and their letters overwrite themselves: the key is the record's position, or the job's id.
        let pushed = self.ends.queue.push(push).await?;
        // Power lost before this line: the queue has taken the push and moved to `to` in one step. Whoever resumes
        // is told `to`.
        match pushed {
            Pushed::Applied { duplicates, .. } => {
                letters.iter().for_each(|letter| count_dead(letter.failure.code));
                self.gauges.pushed(jobs, duplicates.len());
                self.wanted = Some(to);
                Ok(true)
            }
            other => self.refused(from, other).map(|()| false),
        }
    }

    /// The queue did not take a push that began at `from`.
    fn refused(&mut self, from: Offset, answer: Pushed) -> Result<(), Hindrance> {
        match answer {
            Pushed::Applied { .. } => Ok(()),
            Pushed::Full => Err(Hindrance::Full),
            Pushed::Wants(wants) if wants > from => {
                // Another relay was here, or our last push arrived though its answer did not.
                tracing::debug!(lane = %self.place, %from, %wants, "already pushed by somebody");
                self.wanted = Some(wants);
                Ok(())
            }
            Pushed::Wants(wants) if wants < from => {
                tracing::warn!(lane = %self.place, %from, %wants, "the queue was rolled back: replaying");
                self.wanted = None;
                Ok(())
            }
            Pushed::Unknown => {
                tracing::warn!(lane = %self.place, %from, "the queue was lost: replaying what is not settled");
                self.wanted = None;
                Ok(())
            }
            Pushed::Wants(wants) => Err(Hindrance::Undecided(wants)),
        }
    }

    /// Waits for a record, or the next pulse.
    async fn wait(&self, wanted: Offset, stop: &CancellationToken) {
        tokio::select! {
            () = self.ends.log.arrived(&self.place, wanted) => {}
            () = tokio::time::sleep_until(self.next_pulse) => {}
            () = stop.cancelled() => {}
        }
    }

    /// Waits for a newer catalog, or the next pulse. A type that a catalog as new as its stamp does not know becomes a
    /// dead letter; before that, its record keeps its place, and those behind it wait.
    async fn wait_for_catalog(&mut self, revision: Revision, stop: &CancellationToken) {
        let mut catalog = self.ends.catalog.clone();
        if self.waits_for.replace(revision) != Some(revision) {
            let have = catalog.borrow_and_update().revision;
            tracing::warn!(lane = %self.place, needs = %revision, %have, "waiting for a newer catalog");
        }
        tokio::select! {
            // An error means that nobody will ever send one again: then only pulses end the wait.
            Ok(_) = catalog.wait_for(|catalog| catalog.revision >= revision) => {}
            () = tokio::time::sleep_until(self.next_pulse) => {}
            () = stop.cancelled() => {}
        }
    }

    /// At each pulse: an empty push, so that a queue that was lost is noticed without traffic; progress to the log;
    /// and the gauges.
    async fn pulse(&mut self) -> Result<(), Hindrance> {
        self.next_pulse = Instant::now() + PULSE;
        let Some(wanted) = self.wanted else { return Ok(()) };
        let empty = Push { lane: self.place.clone(), from: wanted, to: wanted, entries: Vec::new() };
        match self.ends.queue.push(empty).await? {
            // A full queue has room for nothing, and is the one we know.
            Pushed::Applied { .. } | Pushed::Full => {}
            answer @ (Pushed::Wants(_) | Pushed::Unknown) => return self.refused(wanted, answer),
        }
        if let Some(committed) = self.committed.as_ref().filter(|_| !self.place.topic.is_compacted()) {
            self.committed = Some(self.ends.commit(&self.place, committed).await?);
        }
        self.measure(wanted).await
    }

    async fn measure(&self, wanted: Offset) -> Result<(), Hindrance> {
        let Bounds { next, .. } = self.ends.log.bounds(&self.place).await?;
        self.gauges.lag(next.0.saturating_sub(wanted.0));
        let floor = self.committed.as_ref().map_or(next, |committed| committed.floor);
        if floor < next && !self.place.topic.is_compacted() {
            let oldest = self.ends.log.read(&self.place, floor, 1).await?;
            let age = oldest.first().map(|oldest| self.ends.clock.now().since(oldest.stored_at));
            self.gauges.floor_age(age.unwrap_or_default());
        } else {
            self.gauges.floor_age(Duration::ZERO);
        }
        Ok(())
    }
}
