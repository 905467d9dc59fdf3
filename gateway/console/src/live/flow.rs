//! Rates: what happened between two looks at counts that only grow. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use wasmill_job::JobType;
use wasmill_queue::Counts;

/// What happened between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) accepted: u64,
    pub(crate) completed: u64,
    /// Attempts that failed: those that will be tried again, lost ones, and those after which the job was dead.
    pub(crate) failed: u64,
    /// Dead letters more than before.
    pub(crate) died: u64,
}

/// The jobs of all types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) pending: u64,
    pub(crate) scheduled: u64,
    pub(crate) in_flight: u64,
    pub(crate) completed: u64,
    pub(crate) dead: u64,
}

impl Flow {
    /// From one look at a type to the next. A queue that was built anew counts from the beginning: then nothing is known to
    /// have happened.
    pub(crate) fn between(before: Counts, after: Counts) -> Self {
        let more = |of: fn(&Counts) -> u64| of(&after).saturating_sub(of(&before));
        let died = more(|counts| counts.dead);
        Self {
            accepted: more(|counts| counts.accepted),
            completed: more(|counts| counts.completed),
            failed: more(|counts| counts.retried) + more(|counts| counts.lost) + died,
            died,
        }
    }

    /// Of every type that is there now, where anything happened.
    pub(crate) fn of_types(
        before: &BTreeMap<JobType, Counts>,
        after: &BTreeMap<JobType, Counts>,
    ) -> BTreeMap<JobType, Self> {
        let flow = |(name, counts): (&JobType, &Counts)| {
            // A type that was not there before has come with its first jobs.
            let flow = Self::between(before.get(name).copied().unwrap_or_default(), *counts);
            (flow != Self::default()).then(|| (name.clone(), flow))
        };
        after.iter().filter_map(flow).collect()
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            completed: self.completed + other.completed,
            failed: self.failed + other.failed,
            died: self.died + other.died,
        }
    }

    /// What is left when `other`, which is part of it, is gone.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            accepted: self.accepted.saturating_sub(other.accepted),
            completed: self.completed.saturating_sub(other.completed),
            failed: self.failed.saturating_sub(other.failed),
            died: self.died.saturating_sub(other.died),
        }
    }
}

impl Sum {
    pub(crate) fn of<'c>(counts: impl IntoIterator<Item = &'c Counts>) -> Self {
        counts.into_iter().fold(Self::default(), |sum, of| Self {
            pending: sum.pending + of.pending,
            scheduled: sum.scheduled + of.scheduled,
            in_flight: sum.in_flight + of.in_flight,
            completed: sum.completed + of.completed,
            dead: sum.dead + of.dead,
        })
    }
}

/// So many in a second. 0 of no time.
pub(crate) fn per_second(count: u64, over: Duration) -> f64 {
    if over.is_zero() { 0.0 } else { count as f64 / over.as_secs_f64() }
}

#[cfg(test)]
mod tests;
