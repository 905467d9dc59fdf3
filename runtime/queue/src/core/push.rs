//! Push: entries of a partition, applied at the offset that is wanted or not at all. And resume, which says where.

use std::time::Duration;

use wasmill_job::{Job, Offset, Position, Progress, TopicPartition, UnixMs};

use super::digest::Part;
use super::jobs::{Live, Place, SlotNo};
use super::pending::Side;
use super::thin::{CHUNK_BYTES, CHUNK_JOBS, Chunk};
use super::{Core, Decision, lanes};
use crate::record::{Key, LaneNo, PackWriter, ResumedRow, Row, Serial, StoredJob, TypeNo, Write};
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

/// The jobs of a push that were not taken in.
#[derive(Default)]
struct Dropped {
    duplicates: Vec<Position>,
    over: Vec<Position>,
}

/// What becomes of a pushed job.
enum Fate {
    New,
    /// It is dead, and this is a redrive.
    Revived,
    Duplicate,
}

impl Core {
    /// Begins or resumes a partition; returns the wanted offset and how many live jobs and debts were dropped because
    /// `progress` says their offsets are settled. Cost: O(ranges), plus O(live jobs) if any has to be dropped.
    pub(crate) fn resume(&mut self, name: &TopicPartition, progress: &Progress) -> Decision<(Offset, usize)> {
        let known = self.lanes.find(name);
        let number = known.unwrap_or_else(|| self.lanes.add(name.clone(), progress.floor));
        let wanted = self.lanes.get(number).wanted;
        let dropped = if known.is_some() { self.drop_settled(number, progress, wanted) } else { 0 };
        let lane = self.lane_of(number);
        lane.progress.settle(Offset(0)..progress.floor);
        for range in progress.settled.iter() {
            lane.progress.settle(Offset(range.start)..Offset(range.end));
        }
        lane.wanted = wanted.max(progress.floor);
        let (wanted, resumed) = (lane.wanted, lane.resumed());
        let sum = lanes::sum(&resumed);
        if let Some(before) = std::mem::replace(&mut lane.resumed, (!resumed.is_empty()).then_some(sum)) {
            self.digest.remove(Part::Resumed(number, before));
            self.unwritten.writes.push(Write::Delete(Key::Resumed(number)));
        }
        if !resumed.is_empty() {
            self.digest.add(Part::Resumed(number, sum));
            self.unwritten
                .writes
                .push(Write::Put(Key::Resumed(number), ResumedRow { settled: resumed }.to_bytes()));
        }
        self.decide((wanted, dropped))
    }

    /// Drops live jobs and debts at offsets that are settled by `progress` and not by the queue: it was rolled back.
    fn drop_settled(&mut self, lane: LaneNo, progress: &Progress, wanted: Offset) -> usize {
        let known = &self.lanes.get(lane).progress;
        let below = progress.floor.min(wanted).0;
        let news = known.floor.0 < below && known.settled.gaps(&(known.floor.0..below)).next().is_some()
            || progress.settled.iter().filter(|range| range.start < wanted.0).any(|range| {
                let end = range.end.min(wanted.0);
                let start = range.start.max(known.floor.0);
                start < end && known.settled.gaps(&(start..end)).next().is_some()
            });
        if !news {
            return 0;
        }
        let settled = |of: LaneNo, offset: Offset| of == lane && progress.is_settled(offset);
        let jobs: Vec<SlotNo> = self
            .jobs
            .iter()
            .filter(|(_, live)| settled(live.lane, live.offset))
            .map(|(slot, _)| slot)
            .collect();
        for slot in &jobs {
            self.remove(*slot);
        }
        let debts: Vec<Serial> = self.dead.debts_where(settled);
        for debt in &debts {
            self.forgive(*debt);
        }
        jobs.len() + debts.len()
    }

    /// Applies a push, or says what is wanted.
    pub(crate) fn push(&mut self, push: Push, now: UnixMs) -> Result<Decision<Pushed>, PushRefused> {
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
        if self.is_full() && push.entries.iter().any(|entry| matches!(entry, Entry::Job { .. })) {
            return Ok(self.decide(Pushed::Full));
        }
        let mut filling = Filling::default();
        let mut dropped = Dropped::default();
        let mut settled_to = wanted;
        for entry in push.entries {
            let offset = entry.offset();
            let live = self.apply(entry, number, &push.lane, now, &mut filling, &mut dropped);
            if live {
                self.lanes.get_mut(number).progress.settle(settled_to..offset);
                settled_to = offset.next();
            }
        }
        self.close_chunk(number, &mut filling);
        let lane = self.lane_of(number);
        lane.progress.settle(settled_to..push.to);
        lane.wanted = push.to;
        let Dropped { duplicates, over } = dropped;
        Ok(self.decide(Pushed::Applied { duplicates, over }))
    }

    /// Applies one entry; returns whether its offset is not settled yet.
    fn apply(
        &mut self,
        entry: Entry,
        lane: LaneNo,
        name: &TopicPartition,
        now: UnixMs,
        filling: &mut Filling,
        dropped: &mut Dropped,
    ) -> bool {
        match entry {
            Entry::Job { offset, new } => {
                if self.lanes.get(lane).progress.is_settled(offset) {
                    dropped.duplicates.push(name.at(offset));
                    self.count_duplicate(&new.job);
                    return false;
                }
                match self.admit(&new, lane, offset, now, filling) {
                    Admission::Accepted => return true,
                    Admission::Duplicate => dropped.duplicates.push(name.at(offset)),
                    Admission::Over | Admission::Full => dropped.over.push(name.at(offset)),
                }
            }
            Entry::Cancel { cancel, .. } => {
                self.close_chunk(lane, filling);
                self.cancel_live(cancel.id, now);
            }
            Entry::Dead { letter, .. } => self.note_dead(&letter, now),
            Entry::Undead { key, .. } => self.note_undead(&key.into()),
        }
        false
    }

    /// Whether there is no room for another job.
    pub(super) fn is_full(&self) -> bool {
        self.jobs.len() >= self.limits.jobs_max || self.jobs.bytes() >= self.limits.bytes_max
    }

    /// Takes a job in at this offset, unless it is a duplicate or its type has enough already.
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
        self.accept(job, lane, offset, new.dedup_window, filling);
        Admission::Accepted
    }

    /// Whether the type has as many jobs waiting as this one allows. A redrive is always let in.
    fn is_over(&self, new: &NewJob) -> bool {
        let Some(most) = new.max_pending.filter(|_| new.job.redrives == 0) else { return false };
        let waiting = self.types.find(&new.job.job_type).map(|number| self.types.get(number).waiting());
        waiting.unwrap_or_default() >= most
    }

    fn fate(&self, job: &Job, now: UnixMs) -> Fate {
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

    fn accept(&mut self, job: &Job, lane: LaneNo, offset: Offset, window: Duration, filling: &mut Filling) {
        let job_type = self.type_number(job);
        let serial = self.number();
        if filling.pack.is_empty() {
            filling.first = serial;
        }
        let index = u8::try_from(filling.pack.len()).unwrap_or(u8::MAX);
        let window_ms = u32::try_from(window.as_millis()).unwrap_or(u32::MAX);
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
            attempts: 0,
            redrives: job.redrives,
            priority: job.priority,
            window_ms,
            bytes,
            index,
            turned: false,
            failed: false,
        });
        self.digest.add(Part::Job(serial));
        self.types.get_mut(job_type).totals.accepted += 1;
        self.unwritten.types.insert(job_type);
        self.make_pending(slot, Side::Back);
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
        let job_type = self.type_number(job);
        self.types.get_mut(job_type).totals.duplicates += 1;
        self.unwritten.types.insert(job_type);
    }

    fn type_number(&mut self, job: &Job) -> TypeNo {
        self.types.find(&job.job_type).unwrap_or_else(|| self.new_type(job.job_type.clone()))
    }
}

impl Entry {
    /// Where its record stands.
    pub fn offset(&self) -> Offset {
        match self {
            Self::Job { offset, .. }
            | Self::Cancel { offset, .. }
            | Self::Dead { offset, .. }
            | Self::Undead { offset, .. } => *offset,
        }
    }
}
