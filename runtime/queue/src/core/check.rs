//! The queue's own check: each job is in exactly one place, every count is what it counts, and what is stored is
//! what is in memory. Run when the queue is opened, at the end of every test, and on request.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use wasmill_job::{JobId, Offset, Progress, UnixMs};

use super::Core;
use super::jobs::{Live, Place, SlotNo};
use super::lanes::Lane;
use crate::record::{Damage, LaneNo, OwesRow, Serial, TypeNo};

/// What must be equal in memory and in the store of one job.
#[derive(Debug, PartialEq, Eq)]
struct Trait {
    serial: Serial,
    offset: Offset,
    lane: LaneNo,
    job_type: TypeNo,
    accepted_at: UnixMs,
    take: Option<std::num::NonZeroU64>,
    attempts: u32,
    redrives: u32,
    priority: wasmill_job::Priority,
    window_ms: u32,
    bytes: u32,
    turned: bool,
    suspect: bool,
    failed: bool,
    moved: bool,
    /// Only while it lies in the future: what is due may or may not have been made pending.
    due: Option<UnixMs>,
}

impl Core {
    /// Whether the state is sound in itself. Cost: O(jobs).
    ///
    /// # Errors
    /// With the first invariant that does not hold, and for which job.
    pub(crate) fn check(&self) -> Result<(), Damage> {
        let mut seen: HashMap<TypeNo, (u64, u64)> = HashMap::new();
        let mut chunks: HashMap<Serial, (u64, u32)> = HashMap::new();
        let mut takes: HashMap<Serial, u32> = HashMap::new();
        let mut unsettled: HashMap<LaneNo, u64> = HashMap::new();
        let mut bytes = 0;
        for (slot, live) in self.jobs.iter() {
            self.check_place(slot, live, &mut seen)?;
            let chunk = chunks.entry(live.chunk()).or_default();
            chunk.0 |= 1 << live.index;
            chunk.1 += live.bytes;
            bytes += u64::from(live.bytes);
            if let Some(take) = live.take {
                *takes.entry(Serial(take.get())).or_default() += 1;
            }
            *unsettled.entry(live.lane).or_default() += 1;
            let lane = self.lanes.get(live.lane);
            ensure(live.offset < lane.wanted && !lane.progress.is_settled(live.offset), || {
                format!("job {} is live, and its offset {} is settled or not pushed", live.id, live.offset)
            })?;
            ensure(self.dead.of_job(live.id).is_none(), || format!("job {} is alive and dead", live.id))?;
        }
        ensure(bytes == self.jobs.bytes(), || "the bytes of the jobs do not add up".into())?;
        ensure(takes == self.takes, || "the takes do not hold the attempts that the jobs say".into())?;
        self.check_chunks(&chunks)?;
        self.check_types(&seen)?;
        self.check_dead()?;
        self.check_debts(&mut unsettled)?;
        self.check_lanes(&unsettled)
    }

    fn check_place(
        &self,
        slot: SlotNo,
        live: &Live,
        seen: &mut HashMap<TypeNo, (u64, u64)>,
    ) -> Result<(), Damage> {
        ensure(self.jobs.find(live.id) == Some(slot), || format!("job {} is not found by its id", live.id))?;
        let counted = seen.entry(live.job_type).or_default();
        let (is_leased, is_due) = match live.place {
            Place::Pending { .. } => (None, None),
            Place::InFlight { until, .. } => (Some(until), None),
            Place::Scheduled { due } => (None, Some(due)),
        };
        counted.0 += u64::from(is_leased.is_some());
        counted.1 += u64::from(is_due.is_some());
        let sound = is_leased.is_none_or(|until| self.leases.contains(&(until, slot)))
            && is_due.is_none_or(|due| self.due.contains(&(due, slot)));
        ensure(sound, || format!("job {} is not where it says it is: {:?}", live.id, live.place))
    }

    fn check_chunks(&self, found: &HashMap<Serial, (u64, u32)>) -> Result<(), Damage> {
        ensure(found.len() == self.chunks.len(), || "a chunk is kept although its jobs are gone".into())?;
        let mut stored = 0;
        for (serial, chunk) in &self.chunks {
            let all = u64::MAX >> (64 - u32::from(chunk.jobs));
            stored += u64::from(chunk.stored);
            ensure(found.get(serial) == Some(&(all & !chunk.gone, chunk.live)), || {
                format!("chunk {} does not hold the jobs that it says", serial.0)
            })?;
        }
        ensure(stored == self.stored, || "the bytes of the chunks do not add up".into())
    }

    fn check_types(&self, seen: &HashMap<TypeNo, (u64, u64)>) -> Result<(), Damage> {
        let (mut leases, mut due, mut pending, mut awaiting) = (0, 0, 0, 0);
        for (number, found) in self.types.iter() {
            let (in_flight, scheduled) = seen.get(&number).copied().unwrap_or_default();
            ensure((in_flight, scheduled) == (found.in_flight, found.scheduled), || {
                format!("type {} miscounts: {in_flight} in flight, {scheduled} scheduled", found.name)
            })?;
            let walked = self.walk(number)?;
            ensure(walked == found.pending.len(), || format!("type {} miscounts its pending", found.name))?;
            let ready = self.types.ready.contains(&(found.turn, number));
            ensure(ready == (walked > 0), || {
                format!("type {} is ready without pending, or not with", found.name)
            })?;
            let awaited = found.flow.awaited.is_none_or(|at| self.types.tokens.contains(&(at, number)));
            awaiting += usize::from(found.flow.awaited.is_some());
            ensure(awaited, || format!("type {} awaits a token that is not noted", found.name))?;
            leases += in_flight;
            due += scheduled;
            pending += walked;
        }
        ensure(awaiting == self.types.tokens.len(), || "a token is noted that no type awaits".into())?;
        let sums = (leases, due, leases + due + pending);
        let sizes = (self.leases.len() as u64, self.due.len() as u64, self.jobs.len() as u64);
        ensure(sums == sizes, || format!("places hold {sums:?} jobs, and there are {sizes:?}"))
    }

    /// Walks a type's lists; their length.
    fn walk(&self, number: TypeNo) -> Result<u64, Damage> {
        let mut walked = 0;
        let mut above = None;
        for first in self.types.get(number).pending.firsts() {
            let priority = self.jobs[first].priority;
            ensure(above.is_none_or(|above| priority < above), || {
                format!("job {} stands in the list of another priority", self.jobs[first].id)
            })?;
            above = Some(priority);
            let (mut at, mut last) = (Some(first), None);
            while let Some(slot) = at {
                let live = &self.jobs[slot];
                let Place::Pending { before, after } = live.place else {
                    return Err(Damage(format!("job {} is in a list, and not pending", live.id)));
                };
                let belongs = live.job_type == number && live.priority == priority;
                ensure(before == last && belongs && walked < self.jobs.len() as u64, || {
                    format!("job {} stands wrong in its list", live.id)
                })?;
                walked += 1;
                (last, at) = (at, after);
            }
        }
        Ok(walked)
    }

    fn check_dead(&self) -> Result<(), Damage> {
        let mut dead: HashMap<TypeNo, u64> = HashMap::new();
        for letter in self.dead.letters().values() {
            if let Some((job_type, _)) = letter.job {
                *dead.entry(job_type).or_default() += 1;
            }
        }
        for (number, found) in self.types.iter() {
            ensure(dead.get(&number).copied().unwrap_or_default() == found.dead, || {
                format!("type {} miscounts its dead letters", found.name)
            })?;
        }
        Ok(())
    }

    /// What is owed was passed and is not settled, and letters and their debts name one another.
    fn check_debts(&self, unsettled: &mut HashMap<LaneNo, u64>) -> Result<(), Damage> {
        let letters = self.dead.letters();
        let mut owed = 0;
        for (serial, row) in self.debts.rows() {
            *unsettled.entry(row.lane).or_default() += 1;
            let lane = self.lanes.get(row.lane);
            ensure(row.offset < lane.wanted && !lane.progress.is_settled(row.offset), || {
                format!("debt {} is owed, and its offset {} is settled or not pushed", serial.0, row.offset)
            })?;
            if let OwesRow::Letter(key) = &row.owes {
                owed += 1;
                ensure(letters.get(key).is_some_and(|letter| letter.debt == Some(*serial)), || {
                    format!("debt {} is for dead letter {key}, which does not know of it", serial.0)
                })?;
            }
        }
        let owing = letters.values().filter(|letter| letter.debt.is_some()).count();
        ensure(owing == owed, || "debts and letters do not fit".into())
    }

    /// As many offsets below the wanted one are unsettled as are live or owed.
    fn check_lanes(&self, unsettled: &HashMap<LaneNo, u64>) -> Result<(), Damage> {
        for (number, lane) in self.lanes.iter() {
            self.check_lane(number, lane)?;
            let Progress { floor, settled, .. } = &lane.progress;
            let wanted = lane.wanted.0;
            let open = if floor.0 < wanted {
                settled.gaps(&(floor.0..wanted)).map(|gap| gap.end - gap.start).sum()
            } else {
                0
            };
            ensure(unsettled.get(&number).copied().unwrap_or_default() == open, || {
                format!("{} has {open} unsettled offsets, which is not what is live and owed", lane.name)
            })?;
        }
        Ok(())
    }

    /// Its name finds it, its parked jobs were passed and are settled, and what it inherited is settled.
    fn check_lane(&self, number: LaneNo, lane: &Lane) -> Result<(), Damage> {
        let found = self.lanes.find(&lane.name) == Some(number);
        ensure(found == lane.is_named, || format!("{} is not the lane that its name finds", lane.name))?;
        for (job_type, out) in &lane.parked {
            let last = out.last().map(|range| range.end);
            ensure(last.is_some_and(|last| last <= lane.wanted.0), || {
                let name = &self.types.get(*job_type).name;
                format!("jobs of type {name} cannot be parked up to {last:?} of {}", lane.name)
            })?;
            let settled = |range: &std::ops::Range<u64>| {
                let from = range.start.max(lane.progress.floor.0);
                from >= range.end || lane.progress.settled.gaps(&(from..range.end)).next().is_none()
            };
            ensure(out.iter().all(settled), || {
                format!("{} has parked jobs that are not settled", lane.name)
            })?;
        }
        let Progress { floor, settled, .. } = &lane.inherited;
        let is_settled = |from: u64, to: u64| {
            let from = from.max(lane.progress.floor.0);
            from >= to || lane.progress.settled.gaps(&(from..to)).next().is_none()
        };
        let all = is_settled(0, floor.0) && settled.iter().all(|range| is_settled(range.start, range.end));
        ensure(all, || format!("{} does not count as settled what it inherited", lane.name))
    }

    /// Whether `stored`, rebuilt from the store, says what this says. Cost: O(jobs).
    ///
    /// # Errors
    /// With the first difference.
    pub(crate) fn compare(&self, stored: &Self, now: UnixMs) -> Result<(), Damage> {
        ensure(self.digest == stored.digest, || "memory and store have different digests".into())?;
        let (mine, theirs) = (self.traits(now), stored.traits(now));
        for (id, known) in &mine {
            let found = theirs.get(id);
            ensure(found == Some(known), || {
                format!("job {id} is {known:?} in memory and {found:?} in the store")
            })?;
        }
        ensure(mine.len() == theirs.len(), || "the store has jobs that memory has not".into())?;
        for ((number, found), (_, other)) in self.types.iter().zip(stored.types.iter()) {
            let same = found.name == other.name && found.totals == other.totals && found.dead == other.dead;
            ensure(same, || format!("type {} differs in the store", self.types.get(number).name))?;
        }
        for ((_, lane), (_, other)) in self.lanes.iter().zip(stored.lanes.iter()) {
            let same = lane.name == other.name
                && lane.is_named == other.is_named
                && lane.wanted == other.wanted
                && lane.passed == other.passed
                && lane.progress == other.progress
                && lane.inherited == other.inherited
                && lane.used == other.used
                && lane.parked == other.parked
                && lane.unwanted == other.unwanted;
            ensure(same, || {
                format!("{} differs in the store: {:?} {:?}", lane.name, lane.progress, other.progress)
            })?;
        }
        ensure(self.chunks == stored.chunks, || "a chunk differs in the store".into())?;
        ensure(self.dead.letters() == stored.dead.letters(), || "dead letters differ in the store".into())?;
        ensure(self.debts.rows() == stored.debts.rows(), || "debts differ in the store".into())?;
        // The store may have an older result of a job whose newest is forgotten.
        let same = |(id, at): (&JobId, &(Serial, u32))| stored.results.index().get(id) == Some(at);
        ensure(self.results.index().iter().all(same), || "results differ in the store".into())?;
        ensure(self.marks.holding(now) == stored.marks.holding(now), || {
            "done-marks differ in the store".into()
        })
    }

    fn traits(&self, now: UnixMs) -> BTreeMap<JobId, Trait> {
        let traits = self.jobs.iter().map(|(_, live)| {
            let due = match live.place {
                Place::Scheduled { due } if due > now => Some(due),
                _ => None,
            };
            let found = Trait {
                serial: live.serial,
                offset: live.offset,
                lane: live.lane,
                job_type: live.job_type,
                accepted_at: live.accepted_at,
                take: live.take,
                attempts: live.attempts,
                redrives: live.redrives,
                priority: live.priority,
                window_ms: live.window_ms,
                bytes: live.bytes,
                turned: live.turned,
                suspect: live.suspect,
                failed: live.failed,
                moved: live.moved,
                due,
            };
            (live.id, found)
        });
        traits.collect()
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Damage> {
    if holds { Ok(()) } else { Err(Damage(otherwise())) }
}
