//! Settle: verdicts, each applied once and only under the claim's current token.

use std::time::Duration;

use wasmill_job::{Attempt, DeadLetter, Failure, Job, UnixMs, Verdict};

use super::digest::Part;
use super::jobs::{Live, SlotNo};
use super::pending::Side;
use super::{Core, Decision, Earlier};
use crate::record::{AttemptsRow, EndedRow, FailedRow, Key, LastRow, ResultRow, Row, Write};
use crate::{Answer, AttemptRecord, Settlement};

/// What is kept of a job that completed, or else was cancelled.
pub(super) struct Ended<'a> {
    pub(super) completed: bool,
    pub(super) last: Option<LastRow>,
    pub(super) earlier: Vec<EndedRow>,
    pub(super) output: &'a [u8],
}

/// Packs of results and of marks that a settle forgets on its way when their time is over.
const FORGET_PACKS: usize = 4;

impl Core {
    /// Applies verdicts; an answer for each, in order.
    pub(crate) fn settle(
        &mut self,
        settlements: &[Settlement],
        mut earlier: Earlier,
        now: UnixMs,
    ) -> Decision<Vec<Answer>> {
        let answers =
            settlements.iter().map(|settlement| self.settle_one(settlement, &mut earlier, now)).collect();
        self.forget(now, FORGET_PACKS);
        self.decide(answers)
    }

    fn settle_one(&mut self, settlement: &Settlement, earlier: &mut Earlier, now: UnixMs) -> Answer {
        let Some(slot) = self.held(&settlement.reference(), now) else { return Answer::Lost };
        let Settlement { claim, verdict, record, .. } = settlement;
        let earlier = earlier.remove(&claim.job.id).unwrap_or_default();
        match verdict {
            Verdict::Complete { output } => self.complete(slot, output, settlement, earlier, now),
            Verdict::Retry { pause, failure } => {
                let failed = FailedRow { failure: failure.clone(), last: LastRow::of(record) };
                let last = EndedRow { attempt: claim.attempt, ended_at: now, failed };
                self.retry(slot, &AttemptsRow { last, earlier }, now.plus(*pause));
            }
            Verdict::Bury { failure } => self.bury(slot, &claim.job, failure, record, earlier, now),
            Verdict::Release => self.release(slot, claim.suspect),
        }
        Answer::Settled
    }

    fn complete(
        &mut self,
        slot: SlotNo,
        output: &[u8],
        settlement: &Settlement,
        earlier: Vec<EndedRow>,
        now: UnixMs,
    ) {
        let live = self.remove(slot);
        match settlement.emitted() {
            [] => self.lanes.get_mut(live.lane).settle(live.offset),
            children => self.owe_children(children, live.lane, live.offset, now),
        }
        self.types.get_mut(live.job_type).totals.completed += 1;
        let record = &settlement.record;
        let window = settlement.claim.job.dedup_window(record.dedup_window);
        let what = Ended { completed: true, last: Some(LastRow::of(record)), earlier, output };
        self.ended(&live, what, record.keep_result, window, now);
    }

    fn retry(&mut self, slot: SlotNo, attempts: &AttemptsRow, due: UnixMs) {
        self.leave(slot);
        self.make_scheduled(slot, due);
        self.write_turn(slot, Some(due));
        let live = &mut self.jobs[slot];
        let (serial, job_type) = (live.serial, live.job_type);
        if !std::mem::replace(&mut live.failed, true) {
            self.digest.add(Part::Failed(serial));
        }
        self.unwritten.writes.push(Write::Put(Key::Failed(serial), attempts.to_bytes()));
        self.types.get_mut(job_type).totals.retried += 1;
        self.unwritten.types.insert(job_type);
    }

    /// What was to be run alone still is: no attempt of it has come to an end.
    fn release(&mut self, slot: SlotNo, suspect: bool) {
        self.leave(slot);
        self.jobs[slot].suspect = suspect;
        self.jobs[slot].attempts = self.jobs[slot].attempts.saturating_sub(1);
        self.make_pending(slot, Side::Front);
        self.write_turn(slot, None);
    }

    fn bury(
        &mut self,
        slot: SlotNo,
        job: &Job,
        failure: &Failure,
        record: &AttemptRecord,
        earlier: Vec<EndedRow>,
        now: UnixMs,
    ) {
        let live = self.remove(slot);
        let origin = self.lanes.get(live.lane).name.at(live.offset);
        let letter = DeadLetter {
            job: Some(job.clone()),
            raw: None,
            failure: failure.clone(),
            attempts: Attempt(live.attempts),
            died_at: now,
            origin,
        };
        let owed = if self.is_direct(live.lane) {
            self.lanes.get_mut(live.lane).settle(live.offset);
            None
        } else {
            Some((live.lane, live.offset))
        };
        self.add_dead(&letter, Some(LastRow::of(record)), earlier, owed);
    }

    /// What every job that completed or was cancelled leaves behind: a result, perhaps a mark.
    pub(super) fn ended(
        &mut self,
        live: &Live,
        what: Ended<'_>,
        keep: Duration,
        window: Duration,
        now: UnixMs,
    ) {
        self.unwritten.types.insert(live.job_type);
        self.mark(live.id, live.redrives, window, now);
        let Ended { completed, last, earlier, output } = what;
        let row = ResultRow {
            id: live.id.to_bytes(),
            job_type: live.job_type,
            completed,
            attempts: live.attempts,
            accepted_at: live.accepted_at,
            ended_at: now,
            until: now.plus(keep),
            last,
            earlier,
        };
        self.keep_result(&row, output);
    }
}
