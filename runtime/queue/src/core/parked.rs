//! Jobs that were parked: they stood in a partition, were not taken in, and come again as copies. What is kept of them is
//! not each, but the stretch of the partition they are from, by type: copies come in the order of their origins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmill_job::Offset;

use super::Core;
use crate::record::{LaneNo, TypeNo};

/// The runs of a lane, by type.
pub(super) type Runs = BTreeMap<TypeNo, Run>;

/// Parked jobs of one type of a lane, from the first that was parked while none was out to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The offset of the first.
    pub(crate) since: Offset,
    /// The offset of the newest.
    pub(crate) last: Offset,
    /// The origin of the copy that came last.
    pub(crate) returned: Option<Offset>,
    /// How many have not come again.
    pub(crate) out: u64,
}

impl Run {
    fn new(since: Offset) -> Self {
        Self { since, last: since, returned: None, out: 1 }
    }

    /// Whether a copy of what stood there may be one that is out.
    pub(super) fn expects(&self, origin: Offset) -> bool {
        self.since <= origin && origin <= self.last && self.returned.is_none_or(|returned| origin > returned)
    }

    /// A copy that was expected has come; whether others are out.
    pub(super) fn come(&mut self, origin: Offset) -> bool {
        self.returned = Some(origin);
        self.out -= 1;
        self.out > 0
    }

    /// What of it goes into the digest.
    pub(super) fn sum(&self) -> [u64; 4] {
        let Self { since, last, returned, out } = self;
        [since.0, last.0, returned.map_or(0, |returned| returned.0 + 1), *out]
    }
}

impl Core {
    /// A job of this type stood there and was parked.
    pub(super) fn park(&mut self, lane: LaneNo, offset: Offset, job_type: TypeNo) {
        self.unwritten.parked.insert(lane);
        let runs = &mut self.lanes.get_mut(lane).runs;
        match runs.get_mut(&job_type) {
            Some(run) => (run.last, run.out) = (offset, run.out + 1),
            None => _ = runs.insert(job_type, Run::new(offset)),
        }
    }

    /// A copy of a job of this type that stood there has come; whether it was expected.
    pub(super) fn unpark(&mut self, lane: LaneNo, origin: Offset, job_type: TypeNo) -> bool {
        let runs = &mut self.lanes.get_mut(lane).runs;
        let Some(run) = runs.get_mut(&job_type).filter(|run| run.expects(origin)) else { return false };
        if !run.come(origin) {
            runs.remove(&job_type);
        }
        self.unwritten.parked.insert(lane);
        true
    }
}
