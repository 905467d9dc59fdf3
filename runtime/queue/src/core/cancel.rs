//! Cancel: a live job ends at once; one in flight by losing its claim.

use std::time::Duration;

use wasmill_job::{JobId, UnixMs};

use super::settle::Ended;
use super::{Core, Decision, Earlier};
use crate::record::EndedRow;

/// How long a cancelled job can still be looked up: for the caller who cancelled it. The policy's own time comes only
/// with a settlement.
const KEEP_CANCELLED: Duration = Duration::from_secs(3600);

impl Core {
    /// Cancels a live job; whether there was one.
    pub(crate) fn cancel(&mut self, id: JobId, mut earlier: Earlier, now: UnixMs) -> Decision<bool> {
        let found = self.cancel_live(id, earlier.remove(&id).unwrap_or_default(), now);
        self.decide(found)
    }

    pub(super) fn cancel_live(&mut self, id: JobId, earlier: Vec<EndedRow>, now: UnixMs) -> bool {
        let Some(slot) = self.jobs.find(id) else { return false };
        let live = self.remove(slot);
        self.lanes.get_mut(live.lane).settle(live.offset);
        self.types.get_mut(live.job_type).totals.cancelled += 1;
        let window = Duration::from_millis(u64::from(live.window_ms));
        let what = Ended { completed: false, last: None, earlier, output: &[] };
        self.ended(&live, what, KEEP_CANCELLED, window, now);
        true
    }
}
