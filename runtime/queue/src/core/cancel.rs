//! Cancel: a live job ends at once; one in flight by losing its claim.

use std::time::Duration;

use wasmill_job::{JobId, UnixMs};

use super::{Core, Decision};

/// How long a cancelled job can still be looked up: for the caller who cancelled it. The policy's own time comes only
/// with a settlement.
const KEEP_CANCELLED: Duration = Duration::from_secs(3600);

impl Core {
    /// Cancels a live job; whether there was one.
    pub(crate) fn cancel(&mut self, id: JobId, now: UnixMs) -> Decision<bool> {
        let found = self.cancel_live(id, now);
        self.decide(found)
    }

    pub(super) fn cancel_live(&mut self, id: JobId, now: UnixMs) -> bool {
        let Some(slot) = self.jobs.find(id) else { return false };
        let live = self.remove(slot);
        self.lanes.get_mut(live.lane).settle(live.offset);
        self.types.get_mut(live.job_type).totals.cancelled += 1;
        let window = Duration::from_millis(u64::from(live.window_ms));
        self.ended(&live, false, None, &[], KEEP_CANCELLED, window, now);
        true
    }
}
