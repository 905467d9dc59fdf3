//! One lane: a partition of the log on its way to the queue.
//!
//! Safety does not rest on there being one relay: each push carries the offsets it goes from and to, and the queue
//! takes it whole at the offset it wants, or not at all. What a lane knows in memory is only a guess about that offset.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmill_job::{Offset, Passed, Progress, RecordHash, Revision, Topic, TopicPartition, UnixMs};
use wasmill_log::{Bounds, Log, ReadError, Stored};
use wasmill_queue::{Push, Pushed, Queue};

use crate::ages::Ages;
use crate::ends::Ends;
use crate::gauges::Gauges;
use crate::hindrance::{Hindrance, Trouble};
use crate::refresh::Refresh;
use crate::standing::{Standing, Standings};
use crate::step::{Step, done};

mod carry;
mod early;

/// Carries one partition.
pub(crate) struct Lane<L, Q> {
    ends: Arc<Ends<L, Q>>,
    place: TopicPartition,
    standings: Arc<Standings>,
    gauges: Gauges,
    trouble: Trouble,
    /// The offset the queue is believed to want; `None`: ask it.
    wanted: Option<Offset>,
    /// How far it was known to have come when it met trouble. Only shown.
    reached: Offset,
    /// Where the log ended when the queue was found to be ahead of it.
    end_when_ahead: Option<Offset>,
    /// The progress the log was told last.
    committed: Option<Progress>,
    /// The record that the queue had passed last when it was asked.
    passed: Option<Passed>,
    /// The revision the lane waits for, once that was logged.
    waits_for: Option<Revision>,
    /// What was read and could not be carried yet, and the offset from which it was read: it is not read again.
    rest: Option<(Offset, Vec<Stored>)>,
    /// Records further on of which the dead letters are stored.
    buried: BTreeSet<Offset>,
    /// Since when, and for what, it waits to be no longer early.
    early: Option<early::Waiting>,
    /// How many records the next push carries: one after there was no room for any, because asking should cost little.
    piece: usize,
    ages: Ages,
    refresh: Refresh,
    next_pulse: Instant,
    next_look: Instant,
}

/// About how much is read at once.
const READ_BYTES_MAX: usize = 1 << 20;
/// How often progress is committed, and the queue asked whether it is still the one we know. A replay after the loss
/// of the queue repeats what was settled in the last such span; and a process that dies again and again faster than
/// this would repeat the same jobs each time. Short, therefore: a commit shares its fsync with whatever is stored.
const PULSE: Duration = Duration::from_millis(250);
/// A pulse that took long, because much is settled out of order, comes again only after so many times as long,
const PULSE_SHARE: u32 = 20;
/// but not later than this, if it did not itself take longer: what is settled is told each second, whatever else the machine
/// has to do.
const PULSE_MAX: Duration = Duration::from_secs(1);
/// How often the lane looks whether the log is still the one that was read, whether another relay has told it an older
/// progress, and what has grown old.
const LOOK: Duration = Duration::from_secs(5);

/// From the beginning of a pulse that took so long to that of the next one.
fn pause_after(took: Duration) -> Duration {
    (took * PULSE_SHARE).clamp(PULSE, PULSE_MAX.max(took * 2))
}

impl<L: Log, Q: Queue> Lane<L, Q> {
    pub(crate) fn new(ends: Arc<Ends<L, Q>>, place: TopicPartition, standings: Arc<Standings>) -> Self {
        let now = Instant::now();
        Self {
            gauges: Gauges::of(&place),
            trouble: Trouble::new(format!("relaying {place}")),
            ends,
            place,
            standings,
            wanted: None,
            reached: Offset(0),
            end_when_ahead: None,
            committed: None,
            passed: None,
            waits_for: None,
            rest: None,
            buried: BTreeSet::new(),
            early: None,
            piece: carry::PUSH_RECORDS_MAX,
            ages: Ages::default(),
            refresh: Refresh::default(),
            next_pulse: now + PULSE,
            next_look: now + LOOK,
        }
    }

    /// Carries records until `stop`. It may be stopped, or dropped, between any two lines: that is no worse than a
    /// crash, and a crash loses nothing.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.step(&stop).await {
                Ok(()) => {
                    self.trouble.over();
                    self.early = None;
                    None
                }
                Err(hindrance) => {
                    let hindrance = self.judge(hindrance).await;
                    if let Hindrance::NoRoom(_) | Hindrance::Full = hindrance {
                        self.piece = 1;
                    }
                    if hindrance.needs_help() {
                        // The log may be another one.
                        self.buried.clear();
                    }
                    if !hindrance.is_ordinary() {
                        // Whatever it was, the queue may be another one afterwards: ask what it wants.
                        self.reached = self.wanted.take().unwrap_or(self.reached);
                        self.measure_in_trouble().await;
                    }
                    Some(self.trouble.met(&hindrance, rand::random()))
                }
            };
            self.gauges.hindered(self.trouble.is_on() || self.waits_for.is_some());
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
        // Before the records: a lane that waits for room has a pulse all the same.
        if Instant::now() >= self.next_pulse {
            self.pulse(wanted).await?;
        }
        let mut records = match self.read_on(wanted).await {
            // Retention has overtaken us: resuming finds out whether that is in order.
            Err(ReadError::Gone { .. }) => {
                self.wanted = None;
                return self.resume().await.map(|_| ());
            }
            other => other?,
        };
        done(Step::Read);
        if records.is_empty() {
            self.standings.reached(&self.place, Standing::CaughtUp);
            self.wait(wanted, stop).await;
            return Ok(());
        }
        let carried = self.carry(wanted, &records, stop).await;
        let carried_to = self.wanted.unwrap_or(wanted);
        records.drain(..records.partition_point(|record| record.offset < carried_to));
        self.rest = Some((carried_to, records)).filter(|(_, records)| !records.is_empty());
        carried
    }

    /// The records from `wanted` on: those that are at hand, else from the log.
    async fn read_on(&mut self, wanted: Offset) -> Result<Vec<Stored>, ReadError> {
        match self.rest.take() {
            Some((from, records)) if from == wanted => Ok(records),
            _ => self.ends.log.read(&self.place, wanted, READ_BYTES_MAX).await,
        }
    }

    /// Asks the queue where to go on, and checks that the log has it and is the one that the queue has read.
    async fn resume(&mut self) -> Result<Offset, Hindrance> {
        let Ends { log, queue, .. } = &*self.ends;
        let progress = if self.is_of_letters() {
            // Dead letters are never settled: a queue that was lost has to see all that are left.
            Progress { floor: log.bounds(&self.place).await?.first, ..Progress::default() }
        } else {
            self.ends.committed(&self.place).await?
        };
        let wanted = queue.resume(&self.place, &progress).await?;
        // Read after the queue has answered: the log only grows, so an end before `wanted` is a real one.
        let Bounds { first, next } = log.bounds(&self.place).await?;
        let end = self.end_when_ahead.unwrap_or(next);
        let lane = self.place.clone();
        if wanted > next {
            self.end_when_ahead = Some(end);
            return Err(Hindrance::Ahead { lane, wanted, end });
        }
        if wanted < first && !self.is_of_letters() {
            return Err(Hindrance::Gone { lane, wanted, first });
        }
        let is_the_same = self.check_passed(first, progress.passed).await?;
        if wanted > end && !is_the_same {
            // The log has grown past `wanted` while we waited for help, and its offsets may mean other jobs all the same: nothing shows
            // that it is the right one that came back.
            return Err(Hindrance::Ahead { lane, wanted, end });
        }
        self.end_when_ahead = None;
        tracing::debug!(lane = %self.place, %wanted, %next, floor = %progress.floor, "resumed");
        self.wanted = Some(wanted);
        if self.committed.as_ref().is_none_or(|last| last.epoch != progress.epoch) {
            self.buried.clear();
        }
        self.committed = Some(progress);
        self.ages.clear();
        self.refresh.resumed(wanted);
        self.standings.reached(&self.place, Standing::Resumed);
        Ok(wanted)
    }

    /// Answers whether the record that the queue has passed last was seen to stand where it stood; not when the log does not have it
    /// any more. A queue that was lost knows of none: then it is the one that the log was `told` of.
    ///
    /// # Errors
    /// When another one stands there.
    async fn check_passed(&mut self, first: Offset, told: Option<Passed>) -> Result<bool, Hindrance> {
        // Compaction takes records away, and dead letters owe nothing to the order they came in.
        if self.is_of_letters() {
            return Ok(false);
        }
        self.passed = self.ends.queue.passed(&self.place).await?;
        let Some(Passed { offset, hash }) = self.passed.or(told) else { return Ok(false) };
        if offset < first {
            return Ok(false);
        }
        let found = self.ends.log.read(&self.place, offset, 1).await?;
        let is_same =
            |record: &Stored| record.offset == offset && RecordHash::of(record.value.as_deref()) == hash;
        if found.first().is_some_and(is_same) {
            return Ok(true);
        }
        Err(Hindrance::Replaced { lane: self.place.clone(), offset })
    }

    /// Waits for a record, or the next pulse.
    async fn wait(&self, wanted: Offset, stop: &CancellationToken) {
        tokio::select! {
            () = self.ends.log.arrived(&self.place, wanted) => {}
            () = tokio::time::sleep_until(self.next_pulse) => {}
            () = stop.cancelled() => {}
        }
    }

    /// At each pulse: an empty push, so that a queue that was lost is noticed without traffic; progress to the log;
    /// and the gauges.
    async fn pulse(&mut self, wanted: Offset) -> Result<(), Hindrance> {
        let began = Instant::now();
        self.next_pulse = began + PULSE;
        let empty =
            Push { lane: self.place.clone(), from: wanted, to: wanted, passed: None, entries: Vec::new() };
        match self.ends.queue.push(empty).await? {
            // A full queue has room for nothing, and is the one we know.
            Pushed::Applied { .. } | Pushed::Full => {}
            answer => return self.refused(wanted, answer),
        }
        if !self.is_of_letters() {
            self.tell(wanted).await?;
        }
        self.next_pulse = began + pause_after(began.elapsed());
        Ok(())
    }

    /// Tells the log what is settled, and looks after the lane's oldest record.
    async fn tell(&mut self, wanted: Offset) -> Result<(), Hindrance> {
        let has_to_look = Instant::now() >= self.next_look;
        if has_to_look {
            self.next_look = Instant::now() + LOOK;
            let first = self.ends.log.bounds(&self.place).await?.first;
            // A relay that was asleep may have told an older progress after ours.
            let committed = self.ends.committed(&self.place).await?;
            self.check_passed(first, committed.passed).await?;
            self.committed = Some(committed);
            self.refresh.forget_retention();
        }
        let Some(committed) = &self.committed else { return Ok(()) };
        let progress = self.ends.commit(&self.place, committed, self.passed).await?;
        let floor = progress.floor;
        self.committed = Some(progress);
        self.measure(wanted, floor, has_to_look).await
    }

    /// The gauges; and what has grown old is appended again.
    async fn measure(&mut self, wanted: Offset, floor: Offset, has_to_look: bool) -> Result<(), Hindrance> {
        let Bounds { first, next } = self.ends.log.bounds(&self.place).await?;
        self.gauges.lag(next.0.saturating_sub(wanted.0));
        if next < wanted {
            // The log has become shorter while we looked at its end.
            self.wanted = None;
            return Ok(());
        }
        let stored_at = self.show_age(floor, Bounds { first, next }, has_to_look).await?;
        let (Some(stored_at), Some(progress)) = (stored_at, &self.committed) else { return Ok(()) };
        let refreshed =
            self.refresh.step(&self.ends, &self.place, progress, first, wanted, stored_at).await?;
        self.gauges.refreshed(refreshed);
        Ok(())
    }

    /// Shows the age of the record at the floor, and warns of it; when that record was stored, if it is known, or may be looked at.
    async fn show_age(
        &mut self,
        floor: Offset,
        Bounds { first, next }: Bounds,
        may_look: bool,
    ) -> Result<Option<UnixMs>, Hindrance> {
        if floor >= next {
            self.gauges.floor_age(Duration::ZERO, None);
            return Ok(None);
        }
        let mut stored_at = self.ages.of(floor);
        if stored_at.is_none() && may_look {
            let oldest = self.ends.log.read(&self.place, floor.max(first), 1).await?;
            stored_at = oldest.first().map(|oldest| oldest.stored_at);
        }
        let Some(stored_at) = stored_at else { return Ok(None) };
        let retention = self.refresh.retention(&self.ends, &self.place).await?;
        let age = self.ends.clock.now().since(stored_at);
        self.gauges.floor_age(age, retention);
        self.refresh.warn(&self.place, age, retention);
        Ok(Some(stored_at))
    }

    /// While the lane stands still it shows what the log alone tells: an alarm on what waits, and on its age, is for just then.
    async fn measure_in_trouble(&mut self) {
        if self.is_of_letters() || Instant::now() < self.next_look {
            return;
        }
        self.next_look = Instant::now() + LOOK;
        // When the log does not answer either, the hindrance of the lane says so.
        let _ = self.measure_log().await;
    }

    async fn measure_log(&mut self) -> Result<(), Hindrance> {
        let floor = self.ends.committed(&self.place).await?.floor;
        let bounds = self.ends.log.bounds(&self.place).await?;
        self.gauges.lag(bounds.next.0.saturating_sub(self.reached.max(floor).0));
        self.show_age(floor, bounds, true).await.map(drop)
    }

    /// Whether it is the lane of dead letters, which are shown and never settled.
    fn is_of_letters(&self) -> bool {
        self.place.topic == Topic::dead()
    }
}

#[cfg(test)]
mod tests;
