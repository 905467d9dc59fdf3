//! The pending jobs of one type in order: a list through the jobs themselves, so that one can leave from anywhere.

use super::jobs::{Jobs, Place, SlotNo};

/// First to last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct List {
    first: Option<SlotNo>,
    last: Option<SlotNo>,
    len: u64,
}

/// Which end of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Back,
}

impl List {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn first(&self) -> Option<SlotNo> {
        self.first
    }

    /// Puts a job that is in no list at one end.
    pub(super) fn add(&mut self, jobs: &mut Jobs, slot: SlotNo, side: Side) {
        let (before, after) = match side {
            Side::Front => (None, self.first),
            Side::Back => (self.last, None),
        };
        jobs[slot].place = Place::Pending { before, after };
        self.point_from_before(jobs, before, Some(slot));
        self.point_from_after(jobs, after, Some(slot));
        self.len += 1;
    }

    /// Takes a job out. Its place still says pending; the caller gives it another.
    pub(super) fn remove(&mut self, jobs: &mut Jobs, slot: SlotNo) {
        if let Place::Pending { before, after } = jobs[slot].place {
            self.point_from_before(jobs, before, after);
            self.point_from_after(jobs, after, before);
            self.len -= 1;
        }
    }

    fn point_from_before(&mut self, jobs: &mut Jobs, before: Option<SlotNo>, to: Option<SlotNo>) {
        match before {
            None => self.first = to,
            Some(slot) => {
                if let Place::Pending { after, .. } = &mut jobs[slot].place {
                    *after = to;
                }
            }
        }
    }

    fn point_from_after(&mut self, jobs: &mut Jobs, after: Option<SlotNo>, to: Option<SlotNo>) {
        match after {
            None => self.last = to,
            Some(slot) => {
                if let Place::Pending { before, .. } = &mut jobs[slot].place {
                    *before = to;
                }
            }
        }
    }
}
