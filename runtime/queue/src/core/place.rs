//! How a job enters, changes and leaves its place. Every transition of the drawing in `runtime/job/README.md` is made
//! of these.

use std::num::NonZeroU64;
use std::time::Duration;

use wasmill_job::{JobId, Offset, UnixMs};

use super::Core;
use super::digest::Part;
use super::jobs::{Live, Place, SlotNo};
use super::pending::Side;
use crate::record::{Key, LaneNo, MarkRow, MovedRow, Row, Serial, TurnRow, Write};

impl Core {
    /// Takes a job out of its place; it must be given another, or be removed.
    pub(super) fn leave(&mut self, slot: SlotNo) {
        let (place, job_type) = (self.jobs[slot].place, self.jobs[slot].job_type);
        let found = self.types.get_mut(job_type);
        match place {
            Place::Pending { .. } => {
                found.pending.remove(&mut self.jobs, slot);
                if found.pending.len() == 0 {
                    self.types.rank(job_type);
                }
            }
            Place::InFlight { until, .. } => {
                found.in_flight -= 1;
                self.leases.remove(&(until, slot));
                if std::mem::take(&mut found.capped) && found.pending.len() > 0 {
                    self.stirred = true;
                }
            }
            Place::Scheduled { due } => {
                found.scheduled -= 1;
                self.due.remove(&(due, slot));
            }
        }
    }

    /// Puts a job that has left its place, or is new, into its type's list.
    pub(super) fn make_pending(&mut self, slot: SlotNo, side: Side) {
        let job_type = self.jobs[slot].job_type;
        let found = self.types.get_mut(job_type);
        let was_empty = found.pending.len() == 0;
        found.pending.add(&mut self.jobs, slot, side);
        if was_empty {
            self.types.rank(job_type);
        }
        self.stirred = true;
    }

    pub(super) fn make_scheduled(&mut self, slot: SlotNo, due: UnixMs) {
        let live = &mut self.jobs[slot];
        live.place = Place::Scheduled { due };
        self.types.get_mut(live.job_type).scheduled += 1;
        self.due.insert((due, slot));
    }

    pub(super) fn make_in_flight(&mut self, slot: SlotNo, token: crate::Token, until: UnixMs) {
        let live = &mut self.jobs[slot];
        live.place = Place::InFlight { token, until };
        self.types.get_mut(live.job_type).in_flight += 1;
        self.leases.insert((until, slot));
    }

    /// Removes a job that has ended: from its place, its chunk, its take, and the store. Its offset is the caller's.
    pub(super) fn remove(&mut self, slot: SlotNo) -> Live {
        self.leave(slot);
        let live = self.jobs.remove(slot);
        let chunk = live.chunk();
        if let Some(stored) = self.chunks.get_mut(&chunk) {
            stored.gone |= 1 << live.index;
            stored.live -= live.bytes;
        }
        self.unwritten.chunks.insert(chunk);
        self.digest.remove(Part::Job(live.serial));
        self.let_go_of_take(live.take);
        if live.turned {
            self.digest.remove(Part::Turn(live.serial));
            self.unwritten.writes.push(Write::Delete(Key::Turn(live.serial)));
        }
        if live.failed {
            self.digest.remove(Part::Failed(live.serial));
            self.unwritten.writes.push(Write::Delete(Key::Failed(live.serial)));
        }
        if live.moved {
            self.digest.remove(Part::Moved(live.serial, live.lane, live.offset));
            self.unwritten.writes.push(Write::Delete(Key::Moved(live.serial)));
        }
        live
    }

    /// A job's record stands at `offset` of `lane` now; where it stood is settled.
    pub(super) fn move_to(&mut self, slot: SlotNo, lane: LaneNo, offset: Offset) {
        let live = &mut self.jobs[slot];
        let serial = live.serial;
        let from = (live.lane, live.offset);
        (live.lane, live.offset) = (lane, offset);
        if std::mem::replace(&mut live.moved, true) {
            self.digest.remove(Part::Moved(serial, from.0, from.1));
        }
        self.digest.add(Part::Moved(serial, lane, offset));
        self.unwritten.writes.push(Write::Put(Key::Moved(serial), MovedRow { lane, offset }.to_bytes()));
        self.lanes.get_mut(from.0).settle(from.1);
    }

    /// Stores a job's attempts and due time; its take no longer holds them.
    pub(super) fn write_turn(&mut self, slot: SlotNo, due: Option<UnixMs>) {
        let as_of = self.next;
        let live = &mut self.jobs[slot];
        let (serial, take) = (live.serial, live.take.take());
        let row = TurnRow { as_of, attempts: live.attempts, due, suspect: live.suspect };
        if !std::mem::replace(&mut live.turned, true) {
            self.digest.add(Part::Turn(serial));
        }
        self.let_go_of_take(take);
        self.unwritten.writes.push(Write::Put(Key::Turn(serial), row.to_bytes()));
    }

    /// One job fewer whose attempts the take holds; the last one takes it with it.
    pub(super) fn let_go_of_take(&mut self, take: Option<NonZeroU64>) {
        let Some(take) = take.map(|take| Serial(take.get())) else { return };
        if let Some(holds) = self.takes.get_mut(&take) {
            *holds -= 1;
            if *holds == 0 {
                self.takes.remove(&take);
                self.digest.remove(Part::Take(take));
                self.unwritten.writes.push(Write::Delete(Key::Take(take)));
            }
        }
    }

    /// Leaves a done-mark if a record with this id may come again.
    pub(super) fn mark(&mut self, id: JobId, redrives: u32, window: Duration, now: UnixMs) {
        let repeatable = id.kind() == wasmill_job::IdKind::Derived || redrives > 0;
        if repeatable && !window.is_zero() {
            let mark = MarkRow { id: id.to_bytes(), redrives, since: now, until: now.plus(window) };
            self.marks.note(&mark);
            self.unwritten.marks.push(mark);
        }
    }
}
