//! Enqueue: jobs that stand in no log. They live on a lane of the queue's own, so that all else about them is as with
//! others; only that their dead letters are owed to nobody.

use wasmill_job::{Partition, Topic, TopicPartition, UnixMs};

use super::push::Filling;
use super::{Core, Decision};
use crate::record::LaneNo;
use crate::{Admission, Enqueued, NewJob};

/// The topic of the queue's own lane. No log has it.
const DIRECT: &str = "wasmill.direct";

impl Core {
    /// Takes in jobs that stand in no log, each as a push would, or none when there is no room.
    pub(crate) fn enqueue(&mut self, jobs: &[NewJob], now: UnixMs) -> Decision<Enqueued> {
        if !jobs.is_empty() && self.is_full() {
            return self.decide(Enqueued::Full);
        }
        self.enqueue_owed(jobs, now)
    }

    /// Takes in jobs that are owed: for them there is always room, since their debts make it.
    pub(crate) fn enqueue_owed(&mut self, jobs: &[NewJob], now: UnixMs) -> Decision<Enqueued> {
        if jobs.is_empty() {
            return self.decide(Enqueued::Done(Vec::new()));
        }
        let lane = self.direct();
        let mut filling = Filling::default();
        let admissions = jobs.iter().map(|new| self.admit_direct(new, lane, now, &mut filling)).collect();
        self.close_chunk(lane, &mut filling);
        self.decide(Enqueued::Done(admissions))
    }

    fn admit_direct(&mut self, new: &NewJob, lane: LaneNo, now: UnixMs, filling: &mut Filling) -> Admission {
        // What the log is still owed has to come there before it may be redriven: a queue that is lost would otherwise
        // take the job with it.
        let owed = self.dead.of_job(new.job.id).is_some_and(|letter| letter.debt.is_some());
        if owed {
            self.count_duplicate(&new.job);
            return Admission::Duplicate;
        }
        let offset = self.lanes.get(lane).wanted;
        let admission = self.admit(new, lane, offset, now, filling);
        if admission == Admission::Accepted {
            self.lane_of(lane).wanted = offset.next();
        }
        admission
    }

    /// The queue's own lane.
    fn direct(&mut self) -> LaneNo {
        let name = TopicPartition::new(Topic::from(DIRECT), Partition(0));
        self.lanes.find(&name).unwrap_or_else(|| self.lanes.add(name, wasmill_job::Offset(0)))
    }

    /// Whether jobs of this lane stand in no log.
    pub(super) fn is_direct(&self, lane: LaneNo) -> bool {
        self.lanes.get(lane).name.topic.as_str() == DIRECT
    }
}
