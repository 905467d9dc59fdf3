//! What time does: leases run out, jobs fall due, results and marks are forgotten.

use wasmill_job::UnixMs;

use super::pending::Side;
use super::{Core, Decision};
use crate::Swept;

/// Packs of results and of marks that one sweep forgets at most.
const SWEEP_PACKS: usize = 1_000;

impl Core {
    /// What time does, at most `max` jobs of it.
    pub(crate) fn sweep(&mut self, max: usize, now: UnixMs) -> Decision<Swept> {
        let (expired, due) = self.tend(now, max);
        let forgotten = self.forget(now, SWEEP_PACKS);
        self.decide(Swept { expired, due, forgotten })
    }

    /// Returns jobs whose lease ran out to the front of pending, and jobs fallen due to its back; how many of each. Lets
    /// types go on that their rate held back.
    pub(super) fn tend(&mut self, now: UnixMs, max: usize) -> (usize, usize) {
        let mut expired = 0;
        while let Some((_, slot)) = self.leases.first().copied().filter(|(at, _)| expired < max && *at <= now)
        {
            self.leave(slot);
            self.make_pending(slot, Side::Front);
            let job_type = self.jobs[slot].job_type;
            self.types.get_mut(job_type).totals.lost += 1;
            self.unwritten.types.insert(job_type);
            expired += 1;
        }
        let mut due = 0;
        while let Some((_, slot)) =
            self.due.first().copied().filter(|(at, _)| expired + due < max && *at <= now)
        {
            self.leave(slot);
            self.make_pending(slot, Side::Back);
            due += 1;
        }
        while let Some(number) = self.types.next_token(now) {
            self.stirred |= self.types.get(number).pending.len() > 0;
        }
        (expired, due)
    }

    /// Forgets packs whose time is over, at most `max` of each kind; how many results and marks they had.
    pub(super) fn forget(&mut self, now: UnixMs, max: usize) -> usize {
        let mut forgotten = 0;
        for _ in 0..max {
            let Some(serial) = self.results.expired(now) else { break };
            forgotten += self.drop_results(serial);
        }
        for _ in 0..max {
            let Some(serial) = self.marks.expired(now) else { break };
            forgotten += self.drop_marks(serial);
        }
        forgotten
    }
}
