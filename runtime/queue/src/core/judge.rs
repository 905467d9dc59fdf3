//! Whether a push may be applied: found out on the side, before anything is changed. What it cancels is not counted on: a
//! job that would have had a place by that comes later.

use std::collections::BTreeMap;

use hashbrown::HashSet;
use wasmill_job::{CopyOf, JobId, JobType, Offset, UnixMs};

use super::Core;
use super::push::Fate;
use crate::record::LaneNo;
use crate::{Entry, NewJob, Push, Pushed};

/// What was found of a push so far.
struct Trial<'a> {
    core: &'a Core,
    lane: LaneNo,
    now: UnixMs,
    /// Jobs that it brings.
    brought: HashSet<JobId>,
    types: BTreeMap<&'a JobType, Tally>,
    /// Origins of parked jobs whose copies came before in the push.
    returned: HashSet<(LaneNo, Offset)>,
}

/// What was found of one type.
#[derive(Default)]
struct Tally {
    /// Its jobs so far for which there may be no room.
    seen: usize,
    /// Jobs brought so far.
    brought: u64,
    /// One of its jobs is parked by the push.
    parks: bool,
    /// How many of them come before the first for which there is none.
    room: Option<usize>,
}

impl Core {
    /// Why a push at the wanted offset is not applied, if anything is in the way.
    pub(super) fn refuses(&self, push: &Push, lane: LaneNo, now: UnixMs) -> Option<Pushed> {
        let (mut brings, mut limits) = (false, !self.lanes.get(lane).parked.is_empty());
        for entry in &push.entries {
            match entry {
                Entry::Job { new, .. } => (brings, limits) = (true, limits || new.max_pending.is_some()),
                Entry::Copy { offset, new, of } => {
                    if of.origin.topic != push.lane.topic && !self.has_passed(new, of) {
                        return Some(Pushed::Early(*offset));
                    }
                    (brings, limits) = (true, limits || new.max_pending.is_some());
                }
                Entry::Parked { .. } => limits = true,
                Entry::Ended { .. } | Entry::Cancel { .. } | Entry::Dead { .. } | Entry::Undead { .. } => {}
            }
        }
        if brings && self.is_full() {
            return Some(Pushed::Full);
        }
        let rooms = if brings && limits { self.rooms(push, lane, now) } else { BTreeMap::new() };
        (!rooms.is_empty()).then_some(Pushed::Over(rooms))
    }

    /// Whether what the copy was made of has come, in the lane that its origin's name means, or in one that it meant before.
    fn has_passed(&self, new: &NewJob, of: &CopyOf) -> bool {
        let (name, origin) = (of.origin.topic_partition(), of.origin.offset);
        let job_type = self.types.find(&new.job.job_type);
        self.lanes.find(&name).is_some_and(|lane| {
            origin < self.lanes.get(lane).wanted
                || self.lanes.left(&name).any(|lane| self.is_home(lane, origin, job_type))
        })
    }

    fn rooms(&self, push: &Push, lane: LaneNo, now: UnixMs) -> BTreeMap<JobType, usize> {
        let (brought, types, returned) = (HashSet::new(), BTreeMap::new(), HashSet::new());
        let mut trial = Trial { core: self, lane, now, brought, types, returned };
        for entry in &push.entries {
            match entry {
                Entry::Job { offset, new } => trial.job(new, *offset),
                Entry::Copy { offset, new, of } if of.origin.topic == push.lane.topic => {
                    trial.moved(new, of, *offset);
                }
                Entry::Copy { offset, new, of } => trial.returned(new, of, *offset),
                Entry::Parked { job_type, .. } => trial.types.entry(job_type).or_default().parks = true,
                Entry::Ended { .. } | Entry::Cancel { .. } | Entry::Dead { .. } | Entry::Undead { .. } => {}
            }
        }
        let rooms = trial.types.into_iter().filter_map(|(of, tally)| Some((of.clone(), tally.room?)));
        rooms.collect()
    }
}

impl<'a> Trial<'a> {
    fn job(&mut self, new: &'a NewJob, offset: Offset) {
        let of = &new.job.job_type;
        let tally = self.types.entry(of).or_default();
        let must_wait = tally.parks || self.core.is_parking(self.lane, of);
        self.come(new, offset, true, must_wait);
    }

    /// The copy of a job that was parked: jobs of its type that are out are no hindrance.
    fn returned(&mut self, new: &'a NewJob, of: &CopyOf, offset: Offset) {
        let number = self.core.types.find(&new.job.job_type);
        let is_valid = self.core.home_of(&of.origin, number).is_some_and(|lane| {
            let origin = of.origin.offset;
            self.unpark(lane, origin, &new.job.job_type) || self.core.has_inherited(lane, origin)
        });
        self.come(new, offset, is_valid, false);
    }

    /// The copy of a job that was appended again: there is always room for it.
    fn moved(&mut self, new: &'a NewJob, of: &CopyOf, offset: Offset) {
        let is_new = self.core.home_of(&of.origin, None).is_some() && !self.repeats(new, offset);
        if is_new {
            self.bring(new);
        }
    }

    /// A job that comes if it may and there is room, and is no duplicate.
    fn come(&mut self, new: &'a NewJob, offset: Offset, may_come: bool, must_wait: bool) {
        let of = &new.job.job_type;
        let is_redrive = new.job.redrives > 0;
        let is_new = may_come && !self.repeats(new, offset);
        let waiting = self.core.waiting(of);
        let tally = self.types.entry(of).or_default();
        let is_over = must_wait || new.max_pending.is_some_and(|most| waiting + tally.brought >= most);
        let before = tally.seen;
        tally.seen += usize::from(!is_redrive);
        if is_new && is_over && !is_redrive {
            tally.room.get_or_insert(before);
        } else if is_new {
            self.bring(new);
        }
    }

    fn bring(&mut self, new: &'a NewJob) {
        self.brought.insert(new.job.id);
        self.types.entry(&new.job.job_type).or_default().brought += 1;
    }

    fn repeats(&self, new: &NewJob, offset: Offset) -> bool {
        self.core.lanes.get(self.lane).progress.is_settled(offset)
            || self.brought.contains(&new.job.id)
            || matches!(self.core.fate(&new.job, self.now), Fate::Duplicate)
    }

    fn unpark(&mut self, lane: LaneNo, origin: Offset, of: &JobType) -> bool {
        let is_out = self.core.types.find(of).is_some_and(|number| self.core.is_out(lane, origin, number));
        is_out && self.returned.insert((lane, origin))
    }
}
