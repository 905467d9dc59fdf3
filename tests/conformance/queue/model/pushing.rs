//! The steps that bring jobs in: pushes, whose records are made when a log has no more, and enqueues.

use std::sync::Arc;

use wasmill_job::{
    Cancel, DeadLetter, Generation, Job, JobId, Offset, Partition, Position, Priority, TopicPartition,
};
use wasmill_queue::{Admission, Enqueued, Entry, NewJob, Push, Pushed, Queue};

use super::driver::{Driver, lane_name, type_name};
use super::simple::WINDOW;
use super::{Made, QueueUnderTest};
use crate::queue::world::made as made_job;

impl<U: QueueUnderTest> Driver<U> {
    fn make(&mut self, made: Made, partition: Partition, offset: Offset) -> Option<Entry> {
        let now = self.now();
        let mut job = match made {
            Made::Gap => return None,
            Made::Ordered { job_type, priority } => {
                let id = self.ids.next(now, 7, Generation(1), partition);
                Job { priority: Self::priority(priority), ..made_job(id, type_name(job_type).as_str()) }
            }
            Made::Keyed { job_type, key, priority } => {
                let of = type_name(job_type);
                let id = JobId::derived(&of, &key.to_string(), Generation(1), partition);
                Job { priority: Self::priority(priority), ..made_job(id, of.as_str()) }
            }
            Made::Cancel { job } => {
                let here: Vec<&Job> =
                    self.jobs.iter().filter(|job| job.id.partition() == partition).collect();
                let found = here.get(job % here.len().max(1))?;
                let cancel = Cancel { id: found.id, job_type: found.job_type.clone(), at: now };
                return Some(Entry::Cancel { offset, cancel });
            }
            Made::Redrive { letter, by } => {
                let mut job = self.letter(letter, partition)?.job.clone()?;
                job.redrives += by;
                job
            }
            Made::Undead { letter } => {
                return Some(Entry::Undead { offset, key: self.letter(letter, partition)?.key() });
            }
            Made::Dead { letter } => {
                return Some(Entry::Dead { offset, letter: self.letter(letter, partition)? });
            }
        };
        job.accepted_at = now;
        if let Some(known) = self.jobs.iter().find(|known| known.id == job.id) {
            job.accepted_at = known.accepted_at;
        } else {
            self.jobs.push(job.clone());
        }
        Some(Entry::Job { offset, new: NewJob { job, dedup_window: WINDOW, max_pending: None } })
    }

    fn priority(number: u8) -> Priority {
        let all = [Priority::Normal, Priority::Low, Priority::High, Priority::Urgent];
        all[usize::from(number)]
    }

    fn letter(&self, number: usize, partition: Partition) -> Option<Arc<DeadLetter>> {
        let of = |letter: &DeadLetter| letter.job.as_ref().unwrap().id.partition();
        let here: Vec<_> = self.letters.iter().filter(|letter| of(letter) == partition).collect();
        here.get(number % here.len().max(1)).map(|letter| Arc::clone(letter))
    }

    pub(super) async fn push(&mut self, lane: &TopicPartition, max_pending: Option<u64>, records: &[Made]) {
        let (now, from) = (self.now(), self.wanted(lane));
        let to = Offset(from.0 + records.len() as u64);
        for (offset, made) in (from.0..).zip(records) {
            if offset < self.log[lane].len() as u64 {
                continue;
            }
            let entry = match (lane.topic.is_compacted(), made) {
                (true, Made::Dead { letter } | Made::Undead { letter }) => {
                    self.make(*made, Partition((letter % 2) as u32), Offset(offset))
                }
                (true, _) => None,
                (false, made) => self.make(*made, lane.partition, Offset(offset)),
            };
            self.log.get_mut(lane).unwrap().push(entry);
        }
        let index = |offset: Offset| usize::try_from(offset.0).unwrap();
        let mut entries: Vec<Entry> =
            self.log[lane][index(from)..index(to)].iter().flatten().cloned().collect();
        for entry in &mut entries {
            if let Entry::Job { new, .. } = entry {
                new.max_pending = max_pending;
            }
        }
        let asked = entries.iter().cloned().map(|entry| match entry {
            Entry::Job { offset, new } => Entry::Job { offset, new: self.for_all_shards(new) },
            other => other,
        });
        let push = Push { lane: lane.clone(), from, to, entries: asked.collect() };
        let pushed = self.queue.push(push).await.unwrap();
        let expected = if lane.topic.is_compacted() {
            let shards = self.shards.len();
            for (number, shard) in self.shards.iter_mut().enumerate() {
                let mine: Vec<Entry> = entries
                    .iter()
                    .filter(|entry| number == id_of(entry).partition().0 as usize % shards)
                    .cloned()
                    .collect();
                if shard.lanes[lane].wanted < to {
                    shard.push(lane, to, &mine, now);
                }
            }
            Pushed::whole()
        } else {
            let (duplicates, over) = self.shard(lane.partition).push(lane, to, &entries, now);
            let at = |offsets: Vec<Offset>| -> Vec<Position> {
                offsets.into_iter().map(|offset| lane.at(offset)).collect()
            };
            for entry in entries.iter().filter(|entry| over.contains(&entry.offset())) {
                self.ended.insert(id_of(entry));
            }
            Pushed::Applied { duplicates: at(duplicates), over: at(over) }
        };
        assert_eq!(pushed, expected);
        self.ends();
        self.note();
    }

    pub(super) async fn misplaced(&mut self, lane: &TopicPartition, by: u64) {
        let wanted = self.wanted(lane);
        let from = Offset(wanted.0 + by);
        let push = Push { lane: lane.clone(), from, to: from.next(), entries: Vec::new() };
        assert_eq!(self.queue.push(push).await.unwrap(), Pushed::Wants(wanted));
    }

    pub(super) async fn enqueue(&mut self, lane: usize, max_pending: Option<u64>, jobs: &[Made]) {
        let (now, partition) = (self.now(), lane_name(lane).partition);
        let made: Vec<_> = jobs.iter().filter_map(|made| self.make(*made, partition, Offset(0))).collect();
        let mut new: Vec<NewJob> = Vec::new();
        for entry in made {
            if let Entry::Job { new: job, .. } = entry {
                new.push(NewJob { max_pending, ..job });
            }
        }
        self.unlogged.extend(new.iter().map(|new| new.job.id));
        let expected: Vec<Admission> =
            new.iter().map(|new| self.shard_of(new.job.id).admit(new, None, now)).collect();
        let asked = new.into_iter().map(|new| self.for_all_shards(new)).collect();
        assert_eq!(self.queue.enqueue(asked).await.unwrap(), Enqueued::Done(expected));
        self.note();
    }

    /// The model is one per shard, and each shard has its share of `max_pending`.
    fn for_all_shards(&self, new: NewJob) -> NewJob {
        let shards = self.shards.len() as u64;
        NewJob { max_pending: new.max_pending.map(|most| most * shards), ..new }
    }
}

fn id_of(entry: &Entry) -> JobId {
    match entry {
        Entry::Job { new, .. } => new.job.id,
        Entry::Cancel { cancel, .. } => cancel.id,
        Entry::Dead { letter, .. } => letter.key().parse().unwrap(),
        Entry::Undead { key, .. } => key.parse().unwrap(),
    }
}
