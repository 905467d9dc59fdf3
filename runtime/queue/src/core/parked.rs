//! Jobs that were parked: they stood in a partition, were not taken in, and come again as copies. Of each type exactly those
//! offsets are kept that are out: a copy may come twice, or never have been meant, and a crash may leave any of them in any
//! order.

use wasmill_job::{Cancel, JobId, Offset, TopicPartition};

use super::Core;
use crate::record::{LaneNo, TypeNo};

impl Core {
    /// A job of this type that stood there was parked.
    pub(super) fn park(&mut self, lane: LaneNo, offset: Offset, job_type: TypeNo) {
        self.unwritten.parked.insert(lane);
        let out = self.lanes.get_mut(lane).parked.entry(job_type).or_default();
        out.insert(offset.0..offset.next().0);
    }

    /// Whether a job of this type that stood there is out.
    pub(super) fn is_out(&self, lane: LaneNo, origin: Offset, job_type: TypeNo) -> bool {
        self.lanes.get(lane).parked.get(&job_type).is_some_and(|out| out.contains(&origin.0))
    }

    /// A copy of a job of this type that stood there has come; whether it was out.
    pub(super) fn unpark(&mut self, lane: LaneNo, origin: Offset, job_type: TypeNo) -> bool {
        if !self.is_out(lane, origin, job_type) {
            return false;
        }
        let parked = &mut self.lanes.get_mut(lane).parked;
        if let Some(out) = parked.get_mut(&job_type) {
            out.remove(origin.0..origin.next().0);
            if out.is_empty() {
                parked.remove(&job_type);
                self.lanes.get_mut(lane).unwanted.remove(&job_type);
            }
        }
        self.unwritten.parked.insert(lane);
        true
    }

    /// A job that is not alive is to be cancelled: if jobs of its type are out, it may be one of them, and its copy is not run
    /// when it comes.
    pub(super) fn note_unwanted(&mut self, lane: LaneNo, wish: Offset, cancel: &Cancel) {
        let Some(number) = self.types.find(&cancel.job_type) else { return };
        let known = self.lanes.get_mut(lane);
        if known.parked.contains_key(&number) {
            known.unwanted.entry(number).or_default().insert(cancel.id, wish);
            self.unwritten.parked.insert(lane);
        }
    }

    /// Whether somebody wished to cancel this job after it was parked there. One that was made later under the same id is
    /// another job.
    pub(super) fn is_unwanted(&self, lane: LaneNo, origin: Offset, job_type: TypeNo, id: JobId) -> bool {
        let wishes = self.lanes.get(lane).unwanted.get(&job_type);
        wishes.and_then(|wishes| wishes.get(&id)).is_some_and(|wish| origin < *wish)
    }

    /// Perhaps nobody returns the parked jobs whose copies stood in this partition, which is another one than it was: the others of
    /// their type do not wait for them. A copy that comes all the same is the job: what was out is inherited.
    pub(super) fn give_up_parked(&mut self, copies: &TopicPartition) {
        let Some(number) = copies.topic.parked_type().and_then(|of| self.types.find(&of)) else { return };
        let partners = |lane: &super::lanes::Lane| lane.name.partition == copies.partition;
        let lanes: Vec<LaneNo> =
            self.lanes.iter().filter(|(_, lane)| partners(lane)).map(|(number, _)| number).collect();
        for lane in lanes {
            let known = self.lanes.get_mut(lane);
            known.unwanted.remove(&number);
            if let Some(out) = known.parked.remove(&number) {
                out.iter().for_each(|range| known.inherited.settle(Offset(range.start)..Offset(range.end)));
                self.unwritten.parked.insert(lane);
                self.unwritten.inherited.insert(lane);
            }
        }
    }
}
