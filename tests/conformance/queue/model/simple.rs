//! The model: what one shard of a queue promises, in the simplest form that can be written, without stores, indexes or
//! speed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wasmill_job::{DeadLetter, Job, JobId, JobType, Offset, Passed, Progress, TopicPartition, UnixMs};
use wasmill_queue::{Admission, Answer, Child, Counts, Entry, NewJob, State, Token};

use super::Judged;
use super::debts::{children_of, due};
use super::parking::unlimited;
use crate::queue::QueueUnderTest;

#[derive(Clone, Debug, Default)]
pub(super) struct Simple {
    pub(super) live: BTreeMap<JobId, Live>,
    pub(super) dead: BTreeMap<JobId, Dead>,
    /// Children that are owed, oldest first.
    pub(super) emitted: Vec<Emitted>,
    /// What is shown of jobs that are done.
    pub(super) done: BTreeMap<JobId, Done>,
    /// Jobs of which an earlier run was done and a later one died: when the letter is gone, either may be shown.
    pub(super) vague: BTreeSet<JobId>,
    /// Redrives, and until when.
    pub(super) marks: BTreeMap<JobId, (u32, UnixMs)>,
    pub(super) lanes: BTreeMap<TopicPartition, Lane>,
    /// What is counted over time: `accepted` to `duplicates`.
    pub(super) sums: BTreeMap<JobType, Counts>,
    /// Jobs that were pending when they were taken out.
    pub(super) taken_out: BTreeSet<JobId>,
    /// A record gives the job its place that is alive without one.
    gives_places: bool,
    births: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) job: Job,
    /// Where it stands in the log, if it stands there.
    pub(super) place: Option<(TopicPartition, Offset)>,
    pub(super) attempts: u32,
    pub(super) at: At,
    /// Its last lease ran out; nothing where that is not known.
    pub(super) suspect: Option<bool>,
    /// When it came, if it has been pending ever since: then it goes after all that came before.
    pub(super) born: Option<u64>,
    /// It was taken out while it was pending, and came again: it may go where it went then, whatever its priority is now.
    pub(super) is_back: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Pending,
    InFlight { token: Token, until: UnixMs },
    Scheduled { due: UnixMs },
}

#[derive(Clone, Debug)]
pub(super) struct Dead {
    pub(super) job_type: JobType,
    pub(super) redrives: u32,
    pub(super) attempts: u32,
    pub(super) died_at: UnixMs,
    /// The offset that is settled when the letter is paid for.
    pub(super) owed: Option<(TopicPartition, Offset)>,
}

/// The children of a job that completed.
#[derive(Clone, Debug)]
pub(super) struct Emitted {
    pub(super) children: Vec<Child>,
    /// The offset that is settled when they are paid for.
    pub(super) parent: Option<(TopicPartition, Offset)>,
}

#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) ended_at: UnixMs,
    until: UnixMs,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    pub(super) wanted: Offset,
    pub(super) settled: BTreeSet<u64>,
    /// What was settled by what the log said.
    pub(super) inherited: BTreeSet<u64>,
    /// Of which of that a copy has come.
    pub(super) used: BTreeSet<u64>,
    /// The offsets of parked jobs that have not come again.
    pub(super) parked: BTreeMap<JobType, BTreeSet<u64>>,
    /// Jobs that are to be cancelled when they come again, and where that was said.
    pub(super) unwanted: BTreeMap<JobType, BTreeMap<JobId, Offset>>,
    pub(super) passed: Option<Passed>,
}

/// In which a repeat of a job that is done is a duplicate.
pub(super) const WINDOW: Duration = Duration::from_secs(5);
/// How long a result is kept.
pub(super) const KEEP: Duration = Duration::from_secs(20);
/// How long it is shown that a job was cancelled.
const KEEP_CANCELLED: Duration = Duration::from_secs(3600);

impl Simple {
    pub(super) fn under_test<U: QueueUnderTest>() -> Self {
        Self { gives_places: U::GIVES_PLACES, ..Self::default() }
    }

    pub(super) fn resume(&mut self, name: &TopicPartition, progress: &Progress) -> Offset {
        let is_settled = |place: &Option<(TopicPartition, Offset)>| {
            place.as_ref().is_some_and(|(lane, offset)| lane == name && progress.is_settled(*offset))
        };
        let dropped: Vec<JobId> =
            self.live.iter().filter(|(_, live)| is_settled(&live.place)).map(|(id, _)| *id).collect();
        for id in dropped {
            self.take_out(id);
        }
        for dead in self.dead.values_mut().filter(|dead| is_settled(&dead.owed)) {
            dead.owed = None;
        }
        self.emitted.retain(|emitted| !is_settled(&emitted.parent));
        let lane = self.lanes.entry(name.clone()).or_default();
        let told = (0..progress.floor.0).chain(progress.settled.iter().flat_map(Clone::clone));
        let news: Vec<u64> = told.filter(|offset| !lane.settled.contains(offset)).collect();
        lane.inherited.extend(&news);
        lane.settled.extend(news);
        lane.wanted = lane.wanted.max(progress.floor);
        lane.wanted
    }

    /// Applies what a lane's push has at and behind the wanted offset; the offsets of duplicates. What is over was refused
    /// before.
    pub(super) fn push(
        &mut self,
        name: &TopicPartition,
        to: Offset,
        passed: Option<Passed>,
        entries: &[Entry],
        now: UnixMs,
    ) -> Vec<Offset> {
        let wanted = self.lanes[name].wanted;
        let (mut duplicates, mut live) = (Vec::new(), BTreeSet::new());
        for entry in entries.iter().filter(|entry| entry.offset() >= wanted) {
            match self.apply(name, entry, now) {
                Some(Admission::Accepted) => _ = live.insert(entry.offset().0),
                Some(_) => {
                    duplicates.push(entry.offset());
                    if self.give_place(name, entry) {
                        live.insert(entry.offset().0);
                    }
                }
                None => {}
            }
        }
        let lane = self.lanes.get_mut(name).unwrap();
        // A job that was cancelled later in the same push is settled already.
        lane.settled.extend((wanted.0..to.0).filter(|offset| !live.contains(offset)));
        (lane.wanted, lane.passed) = (to, passed.or(lane.passed));
        duplicates
    }

    /// What becomes of an entry's job, if it brings one.
    fn apply(&mut self, name: &TopicPartition, entry: &Entry, now: UnixMs) -> Option<Admission> {
        match entry {
            Entry::Job { offset, new } if self.lanes[name].settled.contains(&offset.0) => {
                self.sum(&new.job.job_type).duplicates += 1;
                return Some(Admission::Duplicate);
            }
            Entry::Job { offset, new } => {
                return Some(self.admit(&unlimited(new), Some((name.clone(), *offset)), now));
            }
            Entry::Copy { offset, new, of } => return Some(self.copy(name, *offset, new, of, now)),
            Entry::Parked { offset, job_type } => self.park(name, *offset, job_type),
            Entry::Ended { job_type, origin, .. } => {
                self.unpark(&origin.topic_partition(), origin.offset, job_type);
            }
            Entry::Cancel { offset, cancel } => {
                let known = self.lanes.get_mut(name).unwrap();
                if !self.live.contains_key(&cancel.id) && known.parked.contains_key(&cancel.job_type) {
                    known.unwanted.entry(cancel.job_type.clone()).or_default().insert(cancel.id, *offset);
                }
                self.cancel(cancel.id, now);
            }
            Entry::Undead { key, .. } => {
                let (key, redrives) = DeadLetter::split_record_key(key);
                let id: JobId = key.parse().unwrap();
                if self.dead.get(&id).is_some_and(|dead| dead.redrives <= redrives) {
                    self.purge(key);
                }
            }
            Entry::Dead { letter, .. } => self.show(letter, now),
        }
        None
    }

    /// Gives the job of a duplicate its place, if it is alive without one; whether it did.
    fn give_place(&mut self, name: &TopicPartition, entry: &Entry) -> bool {
        let (Entry::Job { offset, new } | Entry::Copy { offset, new, .. }) = entry else { return false };
        if !self.gives_places || self.lanes[name].settled.contains(&offset.0) {
            return false;
        }
        let Some(live) = self.live.get_mut(&new.job.id).filter(|live| live.place.is_none()) else {
            return false;
        };
        live.place = Some((name.clone(), *offset));
        true
    }

    /// A letter comes from the log.
    fn show(&mut self, letter: &DeadLetter, now: UnixMs) {
        let job = letter.job.as_ref().unwrap();
        let done_since = self.mark(job.id, now).is_some_and(|redrives| redrives > job.redrives);
        let is_owed = self.dead.get(&job.id).is_some_and(|dead| dead.owed.is_some());
        if self.live.contains_key(&job.id) || done_since || is_owed {
            return;
        }
        self.die(job, letter.attempts.0, letter.died_at, None);
    }

    fn die(&mut self, job: &Job, attempts: u32, died_at: UnixMs, owed: Option<(TopicPartition, Offset)>) {
        if self.done.remove(&job.id).is_some() {
            self.vague.insert(job.id);
        }
        let (job_type, redrives) = (job.job_type.clone(), job.redrives);
        self.dead.insert(job.id, Dead { job_type, redrives, attempts, died_at, owed });
    }

    /// What becomes of a job that comes in, through the log or without one.
    pub(super) fn admit(
        &mut self,
        new: &NewJob,
        place: Option<(TopicPartition, Offset)>,
        now: UnixMs,
    ) -> Admission {
        let NewJob { job, max_pending, .. } = new;
        let repeats = match (self.live.get(&job.id), self.dead.get(&job.id)) {
            (Some(_), _) => true,
            // Without a log the letter has to be paid for first.
            (None, Some(dead)) => job.redrives <= dead.redrives || place.is_none() && dead.owed.is_some(),
            (None, None) => self.mark(job.id, now).is_some_and(|redrives| job.redrives <= redrives),
        };
        if repeats {
            self.sum(&job.job_type).duplicates += 1;
            return Admission::Duplicate;
        }
        let waits =
            |live: &&Live| live.job.job_type == job.job_type && !matches!(live.at, At::InFlight { .. });
        let waiting = self.live.values().filter(waits).count() as u64;
        if job.redrives == 0 && max_pending.is_some_and(|most| waiting >= most) {
            return Admission::Over;
        }
        self.undead(job.id);
        self.sum(&job.job_type).accepted += 1;
        self.births += 1;
        let (born, is_back) = (Some(self.births), self.taken_out.contains(&job.id));
        let at = job.run_at.filter(|due| *due > now).map_or(At::Pending, |due| At::Scheduled { due });
        let born = born.filter(|_| at == At::Pending);
        let (job, suspect) = (job.clone(), Some(false));
        let live = Live { job, place, attempts: 0, at, suspect, born, is_back };
        self.live.insert(live.job.id, live);
        Admission::Accepted
    }

    pub(super) fn cancel(&mut self, id: JobId, now: UnixMs) -> bool {
        if !self.live.contains_key(&id) {
            return false;
        }
        let live = self.take_out(id);
        self.sum(&live.job.job_type).cancelled += 1;
        self.end(&live, State::Cancelled, KEEP_CANCELLED, now);
        self.settle_place(&live);
        true
    }

    /// Applies a verdict, if the claim is current.
    pub(super) fn settle(&mut self, id: JobId, token: Token, judged: Judged, now: UnixMs) -> Answer {
        if !self.holds(id, token, now) {
            return Answer::Lost;
        }
        match judged {
            Judged::Complete => {
                let live = self.live.remove(&id).unwrap();
                self.sum(&live.job.job_type).completed += 1;
                self.end(&live, State::Completed, KEEP, now);
                self.settle_place(&live);
            }
            Judged::Emit { children } => {
                let live = self.live.remove(&id).unwrap();
                self.sum(&live.job.job_type).completed += 1;
                self.end(&live, State::Completed, KEEP, now);
                let children = children_of(&live.job, children).into_iter().map(|child| due(child, now));
                self.emitted.push(Emitted { children: children.collect(), parent: live.place });
            }
            Judged::Bury => {
                let live = self.live.remove(&id).unwrap();
                self.die(&live.job, live.attempts, now, live.place);
            }
            Judged::Retry { pause_ms } => {
                let live = self.live.get_mut(&id).unwrap();
                live.at = At::Scheduled { due: now.plus(Duration::from_millis(pause_ms)) };
                live.suspect = Some(false);
                let job_type = live.job.job_type.clone();
                self.sum(&job_type).retried += 1;
            }
            Judged::Release => {
                let live = self.live.get_mut(&id).unwrap();
                live.attempts -= 1;
                live.at = At::Pending;
            }
        }
        Answer::Settled
    }

    /// Whether a claim is current.
    pub(super) fn holds(&self, id: JobId, token: Token, now: UnixMs) -> bool {
        let at = self.live.get(&id).map(|live| live.at);
        matches!(at, Some(At::InFlight { token: current, until }) if current == token && until > now)
    }

    /// A job is given to a worker.
    pub(super) fn give(&mut self, id: JobId, token: Token, until: UnixMs) -> Live {
        let live = self.live.get_mut(&id).unwrap();
        let before = live.clone();
        live.attempts += 1;
        live.at = At::InFlight { token, until };
        live.born = None;
        before
    }

    /// Moves leases to `until`, of the claims that are current.
    pub(super) fn renew(&mut self, id: JobId, token: Token, until: UnixMs, now: UnixMs) -> bool {
        let holds = self.holds(id, token, now);
        if holds {
            self.live.get_mut(&id).unwrap().at = At::InFlight { token, until };
        }
        holds
    }

    /// What time does.
    pub(super) fn tend(&mut self, now: UnixMs) {
        let mut lost = Vec::new();
        for live in self.live.values_mut() {
            match live.at {
                At::InFlight { until, .. } if until <= now => {
                    (live.at, live.suspect) = (At::Pending, Some(true));
                    lost.push(live.job.job_type.clone());
                }
                At::Scheduled { due } if due <= now => live.at = At::Pending,
                _ => {}
            }
        }
        for job_type in lost {
            self.sum(&job_type).lost += 1;
        }
        self.done.retain(|_, done| done.until > now);
    }

    /// The end of a process whose queue keeps no claims.
    pub(super) fn end_claims(&mut self) {
        for live in self.live.values_mut() {
            live.suspect = None;
            if let At::InFlight { .. } = live.at {
                live.at = At::Pending;
            }
        }
    }

    /// The log has the letter.
    pub(super) fn pay(&mut self, id: JobId) {
        if let Some((lane, offset)) = self.dead.get_mut(&id).unwrap().owed.take() {
            self.settle_offset(&lane, offset);
        }
    }

    /// Throws a letter away, unless the log is owed it.
    pub(super) fn purge(&mut self, key: &str) -> bool {
        let id = key.parse().unwrap();
        let is_there = self.dead.get(&id).is_some_and(|dead| dead.owed.is_none());
        if is_there {
            self.dead.remove(&id);
        }
        is_there
    }

    fn undead(&mut self, id: JobId) {
        if let Some((lane, offset)) = self.dead.remove(&id).and_then(|dead| dead.owed) {
            self.settle_offset(&lane, offset);
        }
    }

    fn take_out(&mut self, id: JobId) -> Live {
        let live = self.live.remove(&id).unwrap();
        if live.at == At::Pending {
            self.taken_out.insert(id);
        }
        live
    }

    fn end(&mut self, live: &Live, state: State, keep: Duration, now: UnixMs) {
        let job = &live.job;
        self.vague.remove(&job.id);
        let done = Done { state, attempts: live.attempts, ended_at: now, until: now.plus(keep) };
        self.done.insert(job.id, done);
        if job.is_repeatable() {
            let earlier = self.mark(job.id, now).unwrap_or(0);
            self.marks.insert(job.id, (job.redrives.max(earlier), now.plus(job.dedup_window(WINDOW))));
        }
    }

    fn settle_place(&mut self, live: &Live) {
        if let Some((lane, offset)) = &live.place {
            self.settle_offset(lane, *offset);
        }
    }

    /// These children are where they belong.
    pub(super) fn pay_children(&mut self, children: &[Child]) -> bool {
        let Some(at) = self.emitted.iter().position(|emitted| emitted.children == children) else {
            return false;
        };
        if let Some((lane, offset)) = self.emitted.remove(at).parent {
            self.settle_offset(&lane, offset);
        }
        true
    }

    fn mark(&self, id: JobId, now: UnixMs) -> Option<u32> {
        self.marks.get(&id).filter(|(_, until)| *until > now).map(|(redrives, _)| *redrives)
    }

    fn settle_offset(&mut self, lane: &TopicPartition, offset: Offset) {
        self.lanes.get_mut(lane).unwrap().settled.insert(offset.0);
    }

    /// Whether a copy of what stood there is the job.
    pub(super) fn has_inherited(&self, name: &TopicPartition, offset: Offset) -> bool {
        let lane = &self.lanes[name];
        lane.inherited.contains(&offset.0) && !lane.used.contains(&offset.0)
    }

    /// One has come: no other one is.
    pub(super) fn use_up(&mut self, name: &TopicPartition, offset: Offset) -> bool {
        let is_it = self.has_inherited(name, offset);
        if is_it {
            self.lanes.get_mut(name).unwrap().used.insert(offset.0);
        }
        is_it
    }

    pub(super) fn sum(&mut self, job_type: &JobType) -> &mut Counts {
        self.sums.entry(job_type.clone()).or_default()
    }

    /// What is counted of a type.
    pub(super) fn counts(&self, job_type: &JobType) -> Counts {
        let mut counts = self.sums.get(job_type).copied().unwrap_or_default();
        for live in self.live.values().filter(|live| live.job.job_type == *job_type) {
            match live.at {
                At::Pending => counts.pending += 1,
                At::Scheduled { .. } => counts.scheduled += 1,
                At::InFlight { .. } => counts.in_flight += 1,
            }
        }
        counts.dead = self.dead.values().filter(|dead| dead.job_type == *job_type).count() as u64;
        counts
    }

    pub(super) fn pending<'a>(&'a self, job_type: &'a JobType) -> impl Iterator<Item = &'a Live> {
        self.live.values().filter(move |live| live.job.job_type == *job_type && live.at == At::Pending)
    }
}
