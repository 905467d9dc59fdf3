//! How far the relay is in its start: what readiness waits for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use wasmill_job::TopicPartition;

/// How far the relay has come. It only rises: lanes that appear later do not take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Some lane has not been resumed yet.
    Starting,
    /// The queue has answered for every lane: jobs flow.
    Resumed,
    /// Every lane has once reached the end of its log. After the loss of the queue, it is rebuilt.
    CaughtUp,
}

/// The standings of the first lanes, and the least of them.
#[derive(Debug)]
pub(crate) struct Standings {
    lanes: Mutex<BTreeMap<TopicPartition, Standing>>,
    least: watch::Sender<Standing>,
}

impl Standings {
    pub(crate) fn new() -> Self {
        Self { lanes: Mutex::default(), least: watch::Sender::new(Standing::Starting) }
    }

    /// Follows the least standing.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Standing> {
        self.least.subscribe()
    }

    /// Names the lanes that have to come up. Called once, before any of them runs.
    pub(crate) fn expect(&self, lanes: impl IntoIterator<Item = TopicPartition>) {
        let mut known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(lanes.into_iter().map(|lane| (lane, Standing::Starting)));
        if known.is_empty() {
            // Nothing to carry: it stands by until another relay falls.
            self.least.send_replace(Standing::CaughtUp);
        }
    }

    /// Notes that a lane has come as far as `standing`.
    pub(crate) fn reached(&self, lane: &TopicPartition, standing: Standing) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = lanes.get_mut(lane).filter(|known| **known < standing) else { return };
        *known = standing;
        self.rise(&lanes);
    }

    /// Another relay carries a lane from here on: nobody waits for it here.
    pub(crate) fn left(&self, lane: &TopicPartition) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.remove(lane).is_some() {
            self.rise(&lanes);
        }
    }

    fn rise(&self, lanes: &BTreeMap<TopicPartition, Standing>) {
        // Without any it stands by.
        let least = lanes.values().min().copied().unwrap_or(Standing::CaughtUp);
        self.least.send_if_modified(|now| {
            let risen = least > *now;
            *now = least.max(*now);
            risen
        });
    }
}

#[cfg(test)]
mod tests;
