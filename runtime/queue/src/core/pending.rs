//! The pending jobs of one type in order: a list for each priority, through the jobs themselves, so that one can leave
//! from anywhere.

use wasmill_job::Priority;

use super::jobs::{Jobs, Place, SlotNo};

/// All pending jobs of a type.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pending {
    /// The priority that goes first at the front.
    lists: [List; 4],
    len: u64,
}

/// Those of one priority, first to last.
#[derive(Clone, Copy, Debug, Default)]
struct List {
    first: Option<SlotNo>,
    last: Option<SlotNo>,
}

/// Which end of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Back,
}

impl Pending {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The job that goes first.
    pub(super) fn first(&self) -> Option<SlotNo> {
        self.lists.iter().find_map(|list| list.first)
    }

    /// The first of each priority.
    pub(super) fn firsts(&self) -> impl Iterator<Item = SlotNo> {
        self.lists.iter().filter_map(|list| list.first)
    }

    /// Puts a job that is in no list at one end of its priority's.
    pub(super) fn add(&mut self, jobs: &mut Jobs, slot: SlotNo, side: Side) {
        self.lists[rank(jobs[slot].priority)].add(jobs, slot, side);
        self.len += 1;
    }

    /// Takes a job out. Its place still says pending; the caller gives it another.
    pub(super) fn remove(&mut self, jobs: &mut Jobs, slot: SlotNo) {
        self.lists[rank(jobs[slot].priority)].remove(jobs, slot);
        self.len -= 1;
    }
}

/// Which list is a priority's.
fn rank(priority: Priority) -> usize {
    match priority {
        Priority::Urgent => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Low => 3,
    }
}

impl List {
    fn add(&mut self, jobs: &mut Jobs, slot: SlotNo, side: Side) {
        let (before, after) = match side {
            Side::Front => (None, self.first),
            Side::Back => (self.last, None),
        };
        jobs[slot].place = Place::Pending { before, after };
        self.point_from_before(jobs, before, Some(slot));
        self.point_from_after(jobs, after, Some(slot));
    }

    fn remove(&mut self, jobs: &mut Jobs, slot: SlotNo) {
        if let Place::Pending { before, after } = jobs[slot].place {
            self.point_from_before(jobs, before, after);
            self.point_from_after(jobs, after, before);
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
