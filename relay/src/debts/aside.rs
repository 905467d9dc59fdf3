//! Debts that could not be paid, and partitions that took no record: left alone for a while, so that the others do not wait for them.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use wasmill_job::TopicPartition;
use wasmill_queue::DebtId;

/// What is left alone. All of it is tried again at once.
#[derive(Debug, Default)]
pub(super) struct Aside {
    debts: BTreeSet<DebtId>,
    /// What asks for these is not even tried: it may take ten seconds to hear that a partition has no leader.
    closed: BTreeSet<TopicPartition>,
    /// When it is time; `None` when there is nothing.
    until: Option<Instant>,
}

/// So many debts at most are set aside; each is still read with every look. With more in trouble, all wait for them.
pub(super) const ASIDE_MAX: usize = 192;
/// What is tried in vain is left alone for so many times as long as that took: two thirds of the time are for the others.
const SHARE: u32 = 2;
/// And at least for so long.
const AT_LEAST: Duration = Duration::from_secs(1);

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.until.is_none()
    }

    /// How many debts there may be in front of the others.
    pub(super) fn len(&self) -> usize {
        self.debts.len()
    }

    /// Forgets all, so that it is tried, if it is time.
    pub(super) fn try_again_at(&mut self, now: Instant) {
        if self.until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
    }

    pub(super) fn has(&self, debt: DebtId) -> bool {
        self.debts.contains(&debt)
    }

    pub(super) fn is_closed(&self, place: &TopicPartition) -> bool {
        self.closed.contains(place)
    }

    /// A partition took no record.
    pub(super) fn close(&mut self, place: TopicPartition) {
        self.closed.insert(place);
    }

    /// Sets debts aside, if there are any, that could not be paid in a try from `began` to `now`.
    pub(super) fn put(&mut self, debts: impl IntoIterator<Item = DebtId>, began: Instant, now: Instant) {
        let mut debts = debts.into_iter().peekable();
        if debts.peek().is_some() {
            let room = ASIDE_MAX.saturating_sub(self.debts.len());
            self.debts.extend(debts.take(room));
            self.until.get_or_insert(now + (SHARE * (now - began)).max(AT_LEAST));
        }
    }
}

#[cfg(test)]
mod tests;
