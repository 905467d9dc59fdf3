//! How many claims a worker should hold: enough that no slot waits for the queue, few enough that jobs do not queue up
//! here while another worker is idle. Pure.

use std::time::Duration;

/// The recent mean run time, and what follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    slots: usize,
    /// How much work, per slot, may be held at once.
    budget: Duration,
    /// In seconds; `None` before the first run.
    mean: Option<f64>,
}

/// Work held per slot. Covers the round trip of a take many times over, also to a queue behind a network.
const BUDGET: Duration = Duration::from_millis(20);
/// The most claims held at once: what one take and one settle of an engine do well, and few enough to release quickly.
const HOLD_MAX: usize = 512;
/// A longer run moves the mean by a quarter of the difference, a shorter one by a sixteenth: holding too few costs a
/// little throughput, holding too many makes jobs wait.
const RISE: f64 = 1.0 / 4.0;
const FALL: f64 = 1.0 / 16.0;

impl Pace {
    /// The pace of a worker with so many slots. A lease has to cover what is held many times over.
    pub(crate) fn new(slots: usize, lease: Duration) -> Self {
        Self { slots: slots.max(1), budget: BUDGET.min(lease / 16), mean: None }
    }

    /// Notes how long a job ran.
    pub(crate) fn ran(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        let mean = self.mean.unwrap_or(took);
        let weight = if took > mean { RISE } else { FALL };
        self.mean = Some(mean + (took - mean) * weight);
    }

    /// Notes that jobs take at least so long at the moment, although none has ended to say so.
    pub(crate) fn at_least(&mut self, took: Duration) {
        self.mean = Some(self.mean.unwrap_or_default().max(took.as_secs_f64()));
    }

    /// How many claims to hold, running ones included: never fewer than there are slots, and no more than that while
    /// nothing is known about the jobs.
    pub(crate) fn hold(&self) -> usize {
        let Some(mean) = self.mean else { return self.slots };
        let per_slot = (self.budget.as_secs_f64() / mean.max(1e-9)).min(HOLD_MAX as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=HOLD_MAX")]
        let held = per_slot as usize * self.slots;
        held.clamp(self.slots, HOLD_MAX.max(self.slots))
    }

    /// How many to take when `held` are held: none until a good half is used up, so that a take pays.
    pub(crate) fn room(&self, held: usize) -> usize {
        let hold = self.hold();
        // While jobs are slow, a free slot is reason enough.
        let refill_at = if hold < 2 * self.slots { hold - 1 } else { hold / 2 };
        if held <= refill_at { hold - held } else { 0 }
    }
}

#[cfg(test)]
mod tests;
