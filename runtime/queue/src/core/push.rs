//! Push: entries of a partition, applied at the offset that is wanted or not at all.

use wasmill_job::{Job, JobType, Offset, Position, TopicPartition, UnixMs};

use super::digest::Part;
use super::jobs::{Live, Place};
use super::pending::Side;
use super::thin::{CHUNK_BYTES, CHUNK_JOBS, Chunk};
use super::{Core, Decision, Earlier};
use crate::record::{Key, LaneNo, PackWriter, Serial, StoredJob, TypeNo, Write};
use crate::{Admission, Entry, NewJob, Push, Pushed};

/// Why a push is not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PushRefused {
    /// It contradicts itself: a mistake of the caller.
    Malformed(String),
}

/// The chunk that the running push is filling.
#[derive(Default)]
pub(super) struct Filling {
    first: Serial,
    pack: PackWriter,
}

/// The push that is being applied.
pub(super) struct Applying<'a> {
    pub(super) name: &'a TopicPartition,
    pub(super) lane: LaneNo,
    pub(super) now: UnixMs,
    pub(super) filling: Filling,
    /// The positions of jobs that were dropped.
    duplicates: Vec<Position>,
}

/// What a job begins with.
#[derive(Clone, Copy)]
pub(super) struct Start {
    /// Those it had in a queue before.
    pub(super) attempts: u32,
    /// When it falls due, if that is yet to come.
    pub(super) due: Option<UnixMs>,
}

/// What becomes of a pushed job.
pub(super) enum Fate {
    New,
    /// It is dead, and this is a redrive.
    Revived,
    Duplicate,
}

impl Core {
    /// Applies a push, or says why not.
    pub(crate) fn push(
        &mut self,
        push: Push,
        mut earlier: Earlier,
        now: UnixMs,
    ) -> Result<Decision<Pushed>, PushRefused> {
        if let Some(sentence) = push.fault() {
            return Err(PushRefused::Malformed(sentence));
        }
        let Some(number) = self.lanes.find(&push.lane) else { return Ok(self.decide(Pushed::Unknown)) };
        let wanted = self.lanes.get(number).wanted;
        if push.from != wanted {
            return Ok(self.decide(Pushed::Wants(wanted)));
        }
        if push.to == wanted {
            return Ok(self.decide(Pushed::whole()));
        }
        if let Some(refused) = self.refuses(&push, number, now) {
            return Ok(self.decide(refused));
        }
        let mut applying = Applying::new(&push.lane, number, now);
        let mut settled_to = wanted;
        for entry in push.entries {
            let offset = entry.offset();
            let live = self.apply(entry, &mut earlier, &mut applying);
            if live {
                self.lanes.get_mut(number).progress.settle(settled_to..offset);
                settled_to = offset.next();
            }
        }
        self.close_chunk(number, &mut applying.filling);
        let lane = self.lane_of(number);
        lane.progress.settle(settled_to..push.to);
        lane.wanted = push.to;
        lane.passed = push.passed.or(lane.passed);
        let duplicates = applying.duplicates;
        Ok(self.decide(Pushed::Applied { duplicates }))
    }

    /// Whether jobs of this type that stood in the lane are parked.
    pub(super) fn is_parking(&self, lane: LaneNo, of: &JobType) -> bool {
        self.types.find(of).is_some_and(|number| self.lanes.get(lane).parked.contains_key(&number))
    }

    /// Applies one entry; returns whether its offset is not settled yet.
    fn apply(&mut self, entry: Entry, earlier: &mut Earlier, applying: &mut Applying<'_>) -> bool {
        let (lane, now) = (applying.lane, applying.now);
        match entry {
            Entry::Job { offset, new } => {
                let is_settled = self.lanes.get(lane).progress.is_settled(offset);
                return !is_settled && self.receive(&new, Start::of(&new.job, now), offset, applying)
                    || self.drop_duplicate(&new.job, offset, is_settled, applying);
            }
            Entry::Copy { offset, new, of } => return self.apply_copy(&new, &of, offset, applying),
            Entry::Parked { offset, job_type } => {
                let job_type = self.type_number(&job_type);
                self.park(lane, offset, job_type);
            }
            Entry::Ended { job_type, origin, .. } => {
                let number = self.types.find(&job_type);
                if let Some((lane, number)) = self.home_of(&origin, number).zip(number) {
                    self.unpark(lane, origin.offset, number);
                }
            }
            Entry::Cancel { offset, cancel } => {
                self.close_chunk(lane, &mut applying.filling);
                if !self.cancel_live(cancel.id, earlier.remove(&cancel.id).unwrap_or_default(), now) {
                    self.note_unwanted(lane, offset, &cancel);
                }
            }
            Entry::Dead { letter, .. } => self.note_dead(&letter, now),
            Entry::Undead { key, .. } => self.note_undead(&key),
        }
        false
    }

    /// Takes a job of a push in, unless it is a duplicate; returns whether it did. What is over was refused before.
    pub(super) fn receive(
        &mut self,
        new: &NewJob,
        start: Start,
        offset: Offset,
        applying: &mut Applying<'_>,
    ) -> bool {
        match self.fate(&new.job, applying.now) {
            Fate::Duplicate => return false,
            Fate::Revived => self.forget_dead(&new.job.id.to_string().into()),
            Fate::New => {}
        }
        self.accept(new, applying.lane, offset, start, &mut applying.filling);
        true
    }

    /// Counts and names a duplicate; its offset is settled, unless the job is alive and its lane was left: then it stands here from
    /// now on. Returns whether it does.
    pub(super) fn drop_duplicate(
        &mut self,
        job: &Job,
        offset: Offset,
        is_settled: bool,
        applying: &mut Applying<'_>,
    ) -> bool {
        applying.duplicates.push(applying.name.at(offset));
        self.count_duplicate(job);
        let left = self.jobs.find(job.id).filter(|slot| !self.lanes.get(self.jobs[*slot].lane).is_named);
        let follows = left.filter(|_| !is_settled);
        follows.inspect(|slot| self.move_to(*slot, applying.lane, offset)).is_some()
    }

    /// Whether there is no room for another job.
    pub(super) fn is_full(&self) -> bool {
        self.jobs.len() >= self.limits.jobs_max || self.jobs.bytes() >= self.limits.bytes_max
    }

    /// Takes a job in that stands in no log, unless it is a duplicate or its type has enough already.
    pub(super) fn admit(
        &mut self,
        new: &NewJob,
        lane: LaneNo,
        offset: Offset,
        now: UnixMs,
        filling: &mut Filling,
    ) -> Admission {
        let job = &new.job;
        match self.fate(job, now) {
            Fate::Duplicate => {
                self.count_duplicate(job);
                return Admission::Duplicate;
            }
            Fate::Revived => self.forget_dead(&job.id.to_string().into()),
            Fate::New if self.is_over(new) => return Admission::Over,
            Fate::New => {}
        }
        self.accept(new, lane, offset, Start::of(job, now), filling);
        Admission::Accepted
    }

    /// Whether the type has as many jobs waiting as this one allows. A redrive is always let in.
    fn is_over(&self, new: &NewJob) -> bool {
        let Some(most) = new.max_pending.filter(|_| new.job.redrives == 0) else { return false };
        self.waiting(&new.job.job_type) >= most
    }

    /// How many jobs of a type wait.
    pub(super) fn waiting(&self, of: &JobType) -> u64 {
        self.types.find(of).map(|number| self.types.get(number).waiting()).unwrap_or_default()
    }

    pub(super) fn fate(&self, job: &Job, now: UnixMs) -> Fate {
        if self.jobs.find(job.id).is_some() {
            return Fate::Duplicate;
        }
        if let Some(letter) = self.dead.of_job(job.id) {
            return if job.redrives > letter.redrives { Fate::Revived } else { Fate::Duplicate };
        }
        match self.marks.find(job.id, now) {
            Some(mark) if job.redrives <= mark.redrives => Fate::Duplicate,
            _ => Fate::New,
        }
    }

    fn accept(&mut self, new: &NewJob, lane: LaneNo, offset: Offset, start: Start, filling: &mut Filling) {
        let NewJob { job, dedup_window, .. } = new;
        let job_type = self.type_number(&job.job_type);
        let serial = self.number();
        if filling.pack.is_empty() {
            filling.first = serial;
        }
        let index = u8::try_from(filling.pack.len()).unwrap_or(u8::MAX);
        let window_ms = u32::try_from(job.dedup_window(*dedup_window).as_millis()).unwrap_or(u32::MAX);
        let bytes = filling.pack.add(|to| StoredJob::write(to, job, job_type, offset, window_ms));
        let slot = self.jobs.insert(Live {
            id: job.id,
            serial,
            offset,
            accepted_at: job.accepted_at,
            take: None,
            place: Place::Pending { before: None, after: None },
            job_type,
            lane,
            attempts: start.attempts,
            redrives: job.redrives,
            priority: job.priority,
            window_ms,
            bytes,
            index,
            turned: false,
            suspect: false,
            failed: false,
            moved: false,
        });
        self.digest.add(Part::Job(serial));
        self.types.get_mut(job_type).totals.accepted += 1;
        self.unwritten.types.insert(job_type);
        match start.due {
            None => self.make_pending(slot, Side::Back),
            Some(due) => self.make_scheduled(slot, due),
        }
        if start.attempts > 0 || start.due.is_some() {
            self.write_turn(slot, start.due);
        }
        if filling.pack.len() == CHUNK_JOBS || filling.pack.bytes() >= CHUNK_BYTES {
            self.close_chunk(lane, filling);
        }
    }

    pub(super) fn close_chunk(&mut self, lane: LaneNo, filling: &mut Filling) {
        if filling.pack.is_empty() {
            return;
        }
        let chunk = Chunk::new(filling.pack.len(), filling.pack.bytes());
        self.stored += u64::from(chunk.stored);
        self.chunks.insert(filling.first, chunk);
        let value = filling.pack.finish(lane.0);
        self.unwritten.writes.push(Write::Put(Key::Chunk(filling.first), value));
    }

    pub(super) fn count_duplicate(&mut self, job: &Job) {
        let job_type = self.type_number(&job.job_type);
        self.types.get_mut(job_type).totals.duplicates += 1;
        self.unwritten.types.insert(job_type);
    }

    fn type_number(&mut self, of: &JobType) -> TypeNo {
        self.types.find(of).unwrap_or_else(|| self.new_type(of.clone()))
    }
}

impl Start {
    /// Of a job that comes for the first time.
    fn of(job: &Job, now: UnixMs) -> Self {
        Self { attempts: 0, due: job.run_at.filter(|due| *due > now) }
    }
}

impl<'a> Applying<'a> {
    fn new(name: &'a TopicPartition, lane: LaneNo, now: UnixMs) -> Self {
        Self { name, lane, now, filling: Filling::default(), duplicates: Vec::new() }
    }
}
