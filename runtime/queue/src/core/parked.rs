//! Jobs that were parked: they stood in a partition, were not taken in, and come again as copies. Of each type exactly those
//! offsets are kept that are out: a copy may come twice, or never have been meant, and a crash may leave any of them in any
//! order.

use std::collections::BTreeMap;

use rangemap::RangeSet;
use wasmill_job::{Offset, TopicPartition};

use super::Core;
use crate::record::{LaneNo, TypeNo};

/// The offsets of a lane whose jobs are parked and have not come again, by type; no type has an empty set.
pub(super) type Parked = BTreeMap<TypeNo, RangeSet<u64>>;

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
            }
        }
        self.unwritten.parked.insert(lane);
        true
    }

    /// Nobody will return the parked jobs whose copies stood in this partition: it is another one than it was.
    pub(super) fn give_up_parked(&mut self, copies: &TopicPartition) {
        let Some(number) = copies.topic.parked_type().and_then(|of| self.types.find(&of)) else { return };
        let partners = |lane: &super::lanes::Lane| lane.name.partition == copies.partition;
        let lanes: Vec<LaneNo> =
            self.lanes.iter().filter(|(_, lane)| partners(lane)).map(|(number, _)| number).collect();
        for lane in lanes {
            if self.lanes.get_mut(lane).parked.remove(&number).is_some() {
                self.unwritten.parked.insert(lane);
            }
        }
    }
}
