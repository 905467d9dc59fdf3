//! How long jobs waited and ran over the last minutes, by type and of all: in the buckets of a series, and summed. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use wasmill_job::JobType;
use wasmill_queue::Latencies;

use super::latency::{is_empty, minus, plus};
use super::percentiles::Percentiles;

/// The times of so many buckets, the oldest first. What is shared makes a copy cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    open: BTreeMap<JobType, Latencies>,
    buckets: VecDeque<Arc<BTreeMap<JobType, Latencies>>>,
    sums: BTreeMap<JobType, Arc<Latencies>>,
    mill: Arc<Latencies>,
}

/// The percentiles of wait and run, where anything ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WaitAndRun {
    pub(crate) wait: Option<Percentiles>,
    pub(crate) run: Option<Percentiles>,
}

impl Times {
    /// Adds to the bucket that is open.
    pub(super) fn add(&mut self, types: &BTreeMap<JobType, Latencies>) {
        for (name, times) in types {
            plus(self.open.entry(name.clone()).or_default(), times);
            plus(Arc::make_mut(self.sums.entry(name.clone()).or_default()), times);
            plus(Arc::make_mut(&mut self.mill), times);
        }
    }

    /// Closes the bucket, and opens the next.
    pub(super) fn close(&mut self) {
        self.buckets.push_back(Arc::new(std::mem::take(&mut self.open)));
    }

    /// Forgets the oldest bucket.
    pub(super) fn forget(&mut self) {
        for (name, gone) in self.buckets.pop_front().iter().flat_map(|gone| gone.iter()) {
            self.mill = Arc::new(minus(&self.mill, gone));
            let Some(sum) = self.sums.get_mut(name) else { continue };
            *sum = Arc::new(minus(sum, gone));
            if is_empty(sum) {
                self.sums.remove(name);
            }
        }
    }

    /// Of all types together.
    pub(crate) fn mill(&self) -> WaitAndRun {
        WaitAndRun::of(&self.mill)
    }

    /// Of one type.
    pub(crate) fn of_type(&self, name: &JobType) -> WaitAndRun {
        self.sums.get(name).map(|times| WaitAndRun::of(times)).unwrap_or_default()
    }

    /// The same of some types alone, as if there were no others.
    pub(super) fn of_types(&self, is_one: impl Fn(&JobType) -> bool) -> Self {
        let own = |types: &BTreeMap<JobType, Latencies>| -> BTreeMap<JobType, Latencies> {
            types
                .iter()
                .filter(|(name, _)| is_one(name))
                .map(|(name, of)| (name.clone(), of.clone()))
                .collect()
        };
        let mut sums = self.sums.clone();
        sums.retain(|name, _| is_one(name));
        let mut mill = Latencies::default();
        sums.values().for_each(|times| plus(&mut mill, times));
        Self {
            open: own(&self.open),
            buckets: self.buckets.iter().map(|types| Arc::new(own(types))).collect(),
            sums,
            mill: Arc::new(mill),
        }
    }
}

impl WaitAndRun {
    pub(crate) fn of(times: &Latencies) -> Self {
        Self { wait: Percentiles::of(&times.wait_us), run: Percentiles::of(&times.run_us) }
    }

    /// The greater of each.
    pub(crate) fn max(self, other: Self) -> Self {
        let greater = |one: Option<Percentiles>, other: Option<Percentiles>| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        Self { wait: greater(self.wait, other.wait), run: greater(self.run, other.run) }
    }
}
