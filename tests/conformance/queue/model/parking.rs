//! The model of copies and of parked jobs.

use std::collections::BTreeMap;

use wasmill_job::{CopyOf, JobId, JobType, Offset, TopicPartition, UnixMs};
use wasmill_queue::{Admission, Entry, NewJob};

use super::simple::{At, Simple};

impl Simple {
    /// The first copy whose origin was not passed yet.
    pub(super) fn early(&self, name: &TopicPartition, entries: &[Entry]) -> Option<Offset> {
        entries.iter().find_map(|entry| {
            let Entry::Copy { offset, of, .. } = entry else { return None };
            let lane = self.lanes.get(&of.origin.topic_partition());
            let has_passed = lane.is_some_and(|lane| of.origin.offset < lane.wanted);
            (of.origin.topic != name.topic && !has_passed).then_some(*offset)
        })
    }

    /// The types of which more comes than may, and how many may. Nothing is cancelled in such a push.
    pub(super) fn rooms(
        &self,
        name: &TopicPartition,
        entries: &[Entry],
        now: UnixMs,
    ) -> BTreeMap<JobType, usize> {
        let mut trial = self.clone();
        let (mut seen, mut rooms) = (BTreeMap::<JobType, usize>::new(), BTreeMap::new());
        for entry in entries {
            let (offset, new, is_parking) = match entry {
                Entry::Parked { offset, job_type } => {
                    trial.park(name, *offset, job_type);
                    continue;
                }
                Entry::Copy { new, of, .. } if of.origin.topic == name.topic => {
                    let lives = trial.lives_at(new.job.id, name, of.origin.offset);
                    if !lives && trial.has_inherited(name, of.origin.offset) {
                        trial.admit(&unlimited(new), place(name, entry.offset()), now);
                    }
                    continue;
                }
                Entry::Copy { offset, new, of } => {
                    let is_settled = trial.lanes[name].settled.contains(&offset.0);
                    if !trial.comes_back(new, of, is_settled) {
                        *seen.entry(new.job.job_type.clone()).or_default() +=
                            usize::from(new.job.redrives == 0);
                        continue;
                    }
                    (*offset, new, false)
                }
                Entry::Job { offset, new } => {
                    (*offset, new, trial.lanes[name].parked.contains_key(&new.job.job_type))
                }
                Entry::Ended { .. } | Entry::Cancel { .. } | Entry::Dead { .. } | Entry::Undead { .. } => {
                    continue;
                }
            };
            let (job_type, is_redrive) = (new.job.job_type.clone(), new.job.redrives > 0);
            let before = seen.get(&job_type).copied().unwrap_or_default();
            *seen.entry(job_type.clone()).or_default() += usize::from(!is_redrive);
            if trial.lanes[name].settled.contains(&offset.0) {
                continue;
            }
            let limited =
                NewJob { max_pending: if is_parking { Some(0) } else { new.max_pending }, ..new.clone() };
            if trial.admit(&limited, place(name, offset), now) == Admission::Over {
                rooms.entry(job_type).or_insert(before);
            }
        }
        rooms
    }

    /// Applies a copy.
    pub(super) fn copy(
        &mut self,
        name: &TopicPartition,
        offset: Offset,
        new: &NewJob,
        of: &CopyOf,
        now: UnixMs,
    ) -> Admission {
        let id = new.job.id;
        let is_settled = self.lanes[name].settled.contains(&offset.0);
        let is_unwanted = self.is_unwanted(new, of);
        let is_valid = if of.origin.topic != name.topic {
            self.comes_back(new, of, is_settled)
        } else if !is_settled && self.lives_at(id, name, of.origin.offset) {
            self.live.get_mut(&id).unwrap().place = place(name, offset);
            self.lanes.get_mut(name).unwrap().settled.insert(of.origin.offset.0);
            return Admission::Accepted;
        } else {
            !is_settled && self.use_up(name, of.origin.offset)
        };
        if !is_valid || is_settled {
            self.sum(&new.job.job_type).duplicates += 1;
            return Admission::Duplicate;
        }
        let admission = self.admit(&unlimited(new), place(name, offset), now);
        if admission == Admission::Accepted {
            let live = self.live.get_mut(&id).unwrap();
            live.attempts = of.attempts.0;
            if let Some(due) = of.due_at.filter(|due| *due > now) {
                (live.at, live.born) = (At::Scheduled { due }, None);
            }
            if is_unwanted {
                self.cancel(id, now);
            }
        }
        admission
    }

    pub(super) fn park(&mut self, name: &TopicPartition, offset: Offset, job_type: &JobType) {
        let parked = &mut self.lanes.get_mut(name).unwrap().parked;
        parked.entry(job_type.clone()).or_default().insert(offset.0);
    }

    /// A job that was parked there is out no more; whether it was.
    pub(super) fn unpark(&mut self, name: &TopicPartition, origin: Offset, job_type: &JobType) -> bool {
        let Some(lane) = self.lanes.get_mut(name) else { return false };
        let Some(out) = lane.parked.get_mut(job_type) else { return false };
        let was_out = out.remove(&origin.0);
        if out.is_empty() {
            lane.parked.remove(job_type);
            lane.unwanted.remove(job_type);
        }
        was_out
    }

    /// Whether the copy's job is out and was to be cancelled after it had been made.
    fn is_unwanted(&self, new: &NewJob, of: &CopyOf) -> bool {
        let (origin, job_type) = (of.origin.offset, &new.job.job_type);
        self.lanes.get(&of.origin.topic_partition()).is_some_and(|lane| {
            let is_out = lane.parked.get(job_type).is_some_and(|out| out.contains(&origin.0));
            let wish = lane.unwanted.get(job_type).and_then(|wishes| wishes.get(&new.job.id));
            is_out && wish.is_some_and(|wish| origin < *wish)
        })
    }

    /// Whether the copy of a parked job is one that is waited for; then it is no more.
    fn comes_back(&mut self, new: &NewJob, of: &CopyOf, is_settled: bool) -> bool {
        let (name, origin) = (of.origin.topic_partition(), of.origin.offset);
        self.unpark(&name, origin, &new.job.job_type) || !is_settled && self.use_up(&name, origin)
    }

    fn lives_at(&self, id: JobId, name: &TopicPartition, offset: Offset) -> bool {
        self.live.get(&id).is_some_and(|live| live.place == place(name, offset))
    }
}

/// What is pushed without a limit was judged before.
pub(super) fn unlimited(new: &NewJob) -> NewJob {
    NewJob { max_pending: None, ..new.clone() }
}

fn place(name: &TopicPartition, offset: Offset) -> Option<(TopicPartition, Offset)> {
    Some((name.clone(), offset))
}
