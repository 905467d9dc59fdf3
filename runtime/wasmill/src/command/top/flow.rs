//! Rates: what happened between two looks at counts that only grow. Pure.

use std::time::Duration;

use crate::command::status::TypeStatus;

/// What happens in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flow {
    pub(super) accepted: f64,
    pub(super) completed: f64,
    /// Attempts that failed: those that will be tried again, lost ones, and those after which the job was dead.
    pub(super) failed: f64,
}

impl Flow {
    /// From one look at a type to the next. A queue that was built anew counts from the beginning: then nothing is known to
    /// have happened.
    pub(super) fn between(before: &TypeStatus, after: &TypeStatus, over: Duration) -> Self {
        let more = |of: fn(&TypeStatus) -> u64| of(after).saturating_sub(of(before));
        let failed = more(|of| of.retried) + more(|of| of.lost) + more(|of| of.dead);
        let per_second = |count: u64| if over.is_zero() { 0.0 } else { count as f64 / over.as_secs_f64() };
        Self {
            accepted: per_second(more(|of| of.accepted)),
            completed: per_second(more(|of| of.completed)),
            failed: per_second(failed),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            completed: self.completed + other.completed,
            failed: self.failed + other.failed,
        }
    }
}
