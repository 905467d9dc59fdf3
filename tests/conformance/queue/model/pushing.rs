//! The steps that bring jobs in: pushes, whose records are made when a log has no more, and enqueues.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmill_job::wire::encode_job;
use wasmill_job::{
    Attempt, Cancel, CopyOf, DeadLetter, Generation, Job, JobId, JobType, Offset, Partition, Passed,
    Priority, RecordHash, Topic, TopicPartition,
};
use wasmill_queue::{Admission, Enqueued, Entry, NewJob, Push, Pushed, Queue};

use super::driver::{Driver, lane_name, type_name};
use super::simple::{At, Live, WINDOW};
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
                return Some(Entry::Undead { offset, key: self.letter(letter, partition)?.record_key() });
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
        // Relays give it as it stands in the log, others do not: that decides nothing.
        let record = offset.0.is_multiple_of(2).then(|| encode_job(&job).unwrap());
        Some(Entry::Job { offset, new: NewJob { record, ..NewJob::new(job, WINDOW) } })
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

    pub(super) async fn push(
        &mut self,
        lane: &TopicPartition,
        max_pending: Option<u64>,
        records: &[Made],
        is_lost: bool,
    ) {
        let from = self.wanted(lane);
        let to = self.fill(lane, from, records);
        let index = |offset: Offset| usize::try_from(offset.0).unwrap();
        let mut entries: Vec<Entry> =
            self.log[lane][index(from)..index(to)].iter().flatten().cloned().collect();
        for entry in &mut entries {
            if let Entry::Job { new, .. } | Entry::Copy { new, .. } = entry {
                new.max_pending = max_pending;
            }
        }
        if lane.topic.is_compacted() {
            self.push_letters(lane, from, to, entries).await;
        } else {
            self.relay(lane, from, to, entries, is_lost).await;
        }
        self.ends();
        self.note();
    }

    /// Makes records up to so many behind an offset; where they end. Of parked jobs there are only copies.
    fn fill(&mut self, lane: &TopicPartition, from: Offset, records: &[Made]) -> Offset {
        let is_parked = lane.topic.parked_type().is_some();
        for (offset, made) in (from.0..).zip(records) {
            if is_parked || offset < self.log[lane].len() as u64 {
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
        Offset((from.0 + records.len() as u64).min(self.log[lane].len() as u64))
    }

    async fn push_letters(&mut self, lane: &TopicPartition, from: Offset, to: Offset, entries: Vec<Entry>) {
        let now = self.now();
        let push = Push { lane: lane.clone(), from, to, passed: None, entries: entries.clone() };
        assert_eq!(self.queue.push(push).await.unwrap(), Pushed::whole());
        let shards = self.shards.len();
        for (number, shard) in self.shards.iter_mut().enumerate() {
            let mine: Vec<Entry> = entries
                .iter()
                .filter(|entry| number == id_of(entry).partition().0 as usize % shards)
                .cloned()
                .collect();
            if shard.lanes[lane].wanted < to {
                shard.push(lane, to, None, &mine, now);
            }
        }
    }

    /// What a relay does with a piece of a lane: pushes it, cuts it where it is early or a type has room for a part of its
    /// jobs only, and parks the jobs of types that have no room.
    async fn relay(
        &mut self,
        lane: &TopicPartition,
        from: Offset,
        mut to: Offset,
        mut entries: Vec<Entry>,
        is_lost: bool,
    ) {
        let now = self.now();
        let is_job = |entry: &Entry| matches!(entry, Entry::Job { .. } | Entry::Copy { .. });
        // What cancels and buries is pushed apart from what may be over.
        if let Some(other) = entries.iter().find(|entry| !is_job(entry)).map(Entry::offset) {
            to = if entries[0].offset() == other { other.next() } else { other };
        }
        loop {
            entries.retain(|entry| entry.offset() < to);
            let hash = RecordHash(to.0);
            let passed = (from < to).then(|| Passed { offset: Offset(to.0 - 1), hash });
            let asked = entries.iter().cloned().map(|entry| self.asked_of_all_shards(entry)).collect();
            let push = Push { lane: lane.clone(), from, to, passed, entries: asked };
            let pushed = self.queue.push(push).await.unwrap();
            let shard = self.shard(lane.partition);
            if from == to {
                assert_eq!(pushed, Pushed::whole());
                return;
            }
            if let Some(early) = shard.early(lane, &entries) {
                assert_eq!(pushed, Pushed::Early(early));
                to = early;
                continue;
            }
            let rooms = shard.rooms(lane, &entries, now);
            if rooms.is_empty() {
                let duplicates = shard.push(lane, to, passed, &entries, now);
                let duplicates = duplicates.into_iter().map(|offset| lane.at(offset)).collect();
                assert_eq!(pushed, Pushed::Applied { duplicates });
                return;
            }
            assert_eq!(pushed, Pushed::Over(rooms.clone()));
            match cut(lane, &entries, &rooms) {
                Some(before) => to = before,
                None => entries = entries.into_iter().map(|entry| self.park(lane, entry, &rooms)).collect(),
            }
            if is_lost {
                return;
            }
        }
    }

    /// Appends a copy of a job of a type for which there is no room.
    fn park(&mut self, lane: &TopicPartition, entry: Entry, rooms: &BTreeMap<JobType, usize>) -> Entry {
        let is_known =
            |offset: Offset| self.committed.get(lane).is_some_and(|progress| progress.is_settled(offset));
        match entry {
            Entry::Job { offset, new }
                if new.job.redrives == 0 && rooms.contains_key(&new.job.job_type) && !is_known(offset) =>
            {
                let job_type = new.job.job_type.clone();
                let parked = TopicPartition::new(Topic::parked(&job_type), lane.partition);
                let of = CopyOf { origin: lane.at(offset), attempts: Attempt(0), due_at: new.job.run_at };
                let log = self.log.get_mut(&parked).unwrap();
                let at = Offset(log.len() as u64);
                log.push(Some(Entry::Copy { offset: at, new, of }));
                Entry::Parked { offset, job_type }
            }
            entry => entry,
        }
    }

    /// A job that lives in a lane is appended again: what it is then is written there.
    pub(super) fn append_again(&mut self, lane: &TopicPartition, job: usize) {
        let here = |live: &&Live| live.place.as_ref().is_some_and(|(of, _)| of == lane);
        let live: Vec<Live> = self.shard(lane.partition).live.values().filter(here).cloned().collect();
        let Some(Live { job, place: Some((_, origin)), attempts, at, .. }) =
            live.get(job % live.len().max(1))
        else {
            return;
        };
        let due_at = match at {
            At::Scheduled { due } => Some(*due),
            At::Pending | At::InFlight { .. } => None,
        };
        let of = CopyOf { origin: lane.at(*origin), attempts: Attempt(*attempts), due_at };
        let new = NewJob::new(job.clone(), WINDOW);
        let log = self.log.get_mut(lane).unwrap();
        let offset = Offset(log.len() as u64);
        log.push(Some(Entry::Copy { offset, new, of }));
    }

    pub(super) async fn misplaced(&mut self, lane: &TopicPartition, by: u64) {
        let wanted = self.wanted(lane);
        let from = Offset(wanted.0 + by);
        let push = Push { lane: lane.clone(), from, to: from.next(), passed: None, entries: Vec::new() };
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

    fn asked_of_all_shards(&self, entry: Entry) -> Entry {
        match entry {
            Entry::Job { offset, new } => Entry::Job { offset, new: self.for_all_shards(new) },
            Entry::Copy { offset, new, of } => Entry::Copy { offset, new: self.for_all_shards(new), of },
            other => other,
        }
    }

    /// The model is one per shard, and each shard has its share of `max_pending`.
    fn for_all_shards(&self, new: NewJob) -> NewJob {
        let shards = self.shards.len() as u64;
        NewJob { max_pending: new.max_pending.map(|most| most * shards), ..new }
    }
}

fn id_of(entry: &Entry) -> JobId {
    match entry {
        Entry::Job { new, .. } | Entry::Copy { new, .. } => new.job.id,
        Entry::Parked { .. } | Entry::Ended { .. } => unreachable!("no log has it"),
        Entry::Cancel { cancel, .. } => cancel.id,
        Entry::Dead { letter, .. } => letter.key().parse().unwrap(),
        Entry::Undead { key, .. } => DeadLetter::split_record_key(key).0.parse().unwrap(),
    }
}

/// Where a piece has to end so that all jobs of a type in it have room, or none: copies of parked jobs cannot be parked, and
/// wait.
fn cut(lane: &TopicPartition, entries: &[Entry], rooms: &BTreeMap<JobType, usize>) -> Option<Offset> {
    let is_parked = lane.topic.parked_type().is_some();
    let ends = rooms.iter().filter(|(_, room)| **room > 0 || is_parked).filter_map(|(of, room)| {
        let counted = entries.iter().filter(|entry| match entry {
            Entry::Job { new, .. } => new.job.job_type == *of && new.job.redrives == 0,
            Entry::Copy { new, of: copy, .. } => {
                let is_moved = copy.origin.topic == lane.topic;
                !is_moved && new.job.job_type == *of && new.job.redrives == 0
            }
            _ => false,
        });
        counted.map(Entry::offset).nth(*room)
    });
    ends.min()
}
