//! What does not move although it should: lanes whose records are not carried, types whose jobs nobody takes. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wasmill_job::{JobType, UnixMs};
use wasmill_queue::Counts;

use crate::lanes::LaneRow;

/// Who stands still, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standstill {
    lanes: BTreeMap<(String, u32), (Option<u64>, UnixMs)>,
    types: BTreeMap<JobType, (u64, UnixMs)>,
}

/// How long something may stand before it is called a standstill.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

impl Standstill {
    /// Notes how far each lane is.
    pub(crate) fn note_lanes(&mut self, now: UnixMs, lanes: &[LaneRow]) {
        let waiting = lanes.iter().filter(|lane| lane.lag > 0);
        let mut noted = BTreeMap::new();
        for lane in waiting {
            let key = (lane.topic.clone(), lane.partition);
            let since = match self.lanes.remove(&key) {
                Some((wanted, since)) if wanted == lane.wanted => since,
                _ => now,
            };
            noted.insert(key, (lane.wanted, since));
        }
        self.lanes = noted;
    }

    /// Notes how many jobs of each type have ended; `may_run` are the types that are neither paused nor off.
    pub(crate) fn note_types(
        &mut self,
        now: UnixMs,
        counts: &BTreeMap<JobType, Counts>,
        may_run: &BTreeSet<&JobType>,
    ) {
        let waiting =
            counts.iter().filter(|(name, of)| of.pending > 0 && of.in_flight == 0 && may_run.contains(name));
        let mut noted = BTreeMap::new();
        for (name, of) in waiting {
            let done = of.completed + of.retried + of.lost + of.cancelled;
            let since = match self.types.remove(name) {
                Some((before, since)) if before == done => since,
                _ => now,
            };
            noted.insert(name.clone(), (done, since));
        }
        self.types = noted;
    }

    /// Lanes that have waiting records and have not moved for a while.
    pub(crate) fn lanes(&self, now: UnixMs) -> impl Iterator<Item = (&str, u32)> {
        let stands = self.lanes.iter().filter(move |(_, (_, since))| now.since(*since) >= PATIENCE);
        stands.map(|((topic, partition), _)| (topic.as_str(), *partition))
    }

    /// Types that have pending jobs of which none was taken for a while.
    pub(crate) fn types(&self, now: UnixMs) -> impl Iterator<Item = &JobType> {
        self.types.iter().filter(move |(_, (_, since))| now.since(*since) >= PATIENCE).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
