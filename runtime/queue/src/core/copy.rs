//! Copies: records that take the place of an older one, of the same partition or of one whose job was parked.

use wasmill_job::{CopyOf, Offset, Position};

use super::Core;
use super::jobs::SlotNo;
use super::push::{Applying, Start};
use crate::NewJob;
use crate::record::{LaneNo, TypeNo};

impl Core {
    /// Applies a copy; returns whether its offset is not settled yet.
    pub(super) fn apply_copy(
        &mut self,
        new: &NewJob,
        of: &CopyOf,
        offset: Offset,
        applying: &mut Applying<'_>,
    ) -> bool {
        let origin = of.origin.offset;
        let is_settled = self.lanes.get(applying.lane).progress.is_settled(offset);
        let mut is_unwanted = false;
        let is_valid = if of.origin.topic == applying.name.topic {
            let at_origin = self.lives_at(new, applying.lane, origin).filter(|_| !is_settled);
            if let Some(slot) = at_origin {
                self.move_to(slot, applying.lane, offset);
                return true;
            }
            !is_settled && self.home_of(&of.origin, None).is_some_and(|lane| self.use_up(lane, origin))
        } else {
            // A push with a copy of what no lane has passed was refused before.
            let number = self.types.find(&new.job.job_type);
            self.home_of(&of.origin, number).is_some_and(|lane| {
                let is_out = number.is_some_and(|number| {
                    is_unwanted = self.is_unwanted(lane, origin, number, new.job.id);
                    self.unpark(lane, origin, number)
                });
                is_unwanted &= is_out;
                is_out || !is_settled && self.use_up(lane, origin)
            })
        };
        let due = of.due_at.filter(|due| *due > applying.now);
        let start = Start { attempts: of.attempts.0, due };
        let came = is_valid && !is_settled && self.receive(new, start, offset, applying);
        if came && is_unwanted {
            self.close_chunk(applying.lane, &mut applying.filling);
            // It has just come, and was not tried here.
            self.cancel_live(new.job.id, Vec::new(), applying.now);
        }
        came || self.drop_duplicate(&new.job, offset, is_settled, applying)
    }

    /// The job, if it is alive and its record stands there.
    pub(super) fn lives_at(&self, new: &NewJob, lane: LaneNo, offset: Offset) -> Option<SlotNo> {
        let slot = self.jobs.find(new.job.id)?;
        let live = &self.jobs[slot];
        (live.lane == lane && live.offset == offset).then_some(slot)
    }

    /// Where the job of a copy was parked, if it is of a type, or is inherited: in the lane that the name of its origin means, or in one
    /// that it meant before that was adopted.
    pub(super) fn home_of(&self, origin: &Position, job_type: Option<TypeNo>) -> Option<LaneNo> {
        let name = origin.topic_partition();
        let mut lanes = self.lanes.find(&name).into_iter().chain(self.lanes.left(&name));
        lanes.find(|lane| self.is_home(*lane, origin.offset, job_type))
    }

    pub(super) fn is_home(&self, lane: LaneNo, origin: Offset, job_type: Option<TypeNo>) -> bool {
        job_type.is_some_and(|number| self.is_out(lane, origin, number)) || self.has_inherited(lane, origin)
    }

    /// Whether the offset was settled by what the log said in a resume, and no copy of it has come since.
    pub(super) fn has_inherited(&self, lane: LaneNo, offset: Offset) -> bool {
        let lane = self.lanes.get(lane);
        lane.inherited.is_settled(offset) && !lane.used.contains(&offset.0)
    }

    /// A copy of what stood there comes; whether it is the job. No other copy is it then.
    fn use_up(&mut self, lane: LaneNo, offset: Offset) -> bool {
        let is_it = self.has_inherited(lane, offset);
        if is_it {
            self.lanes.get_mut(lane).used.insert(offset.0..offset.next().0);
            self.unwritten.inherited.insert(lane);
        }
        is_it
    }
}
