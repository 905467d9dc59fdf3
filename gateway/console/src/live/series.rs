//! The last five minutes, in buckets of five seconds: of the mill, and of each type in which anything happened; and how long jobs
//! waited and ran in them. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{JobType, UnixMs};
use wasmill_queue::Latencies;

use super::flow::Flow;
use super::times::Times;

/// How long a bucket is at least.
pub(crate) const BUCKET: Duration = Duration::from_secs(5);
/// So many buckets are kept.
pub(crate) const BUCKETS: usize = 60;

/// What happened in a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) flow: Flow,
    pub(crate) over: Duration,
}

/// The buckets, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    began: Option<UnixMs>,
    open: Bucket,
    mill: VecDeque<Bucket>,
    open_types: BTreeMap<JobType, Flow>,
    /// Shared, so that a copy of the series is cheap.
    types: VecDeque<Arc<BTreeMap<JobType, Flow>>>,
    /// The sums of all buckets by type, the open one among them.
    sums: BTreeMap<JobType, Flow>,
    times: Times,
}

impl Series {
    /// Adds what happened until `now`, since the look before.
    pub(crate) fn add(
        &mut self,
        now: UnixMs,
        types: &BTreeMap<JobType, Flow>,
        times: &BTreeMap<JobType, Latencies>,
    ) {
        let began = *self.began.get_or_insert(now);
        for (name, flow) in types {
            self.open.flow = self.open.flow.plus(*flow);
            add_to(&mut self.open_types, name, *flow);
            add_to(&mut self.sums, name, *flow);
        }
        self.times.add(times);
        self.open.over = now.since(began);
        if self.open.over >= BUCKET {
            self.mill.push_back(std::mem::take(&mut self.open));
            self.types.push_back(Arc::new(std::mem::take(&mut self.open_types)));
            self.times.close();
            self.began = Some(now);
        }
        while self.mill.len() > BUCKETS {
            self.mill.pop_front();
            self.times.forget();
            for (name, flow) in self.types.pop_front().iter().flat_map(|gone| gone.iter()) {
                self.take_off(name, *flow);
            }
        }
    }

    /// The mill's buckets, the one that is still open not among them.
    pub(crate) fn mill(&self) -> impl ExactSizeIterator<Item = Bucket> + '_ {
        self.mill.iter().copied()
    }

    /// A type's buckets. Cost: O(buckets · log types).
    pub(crate) fn of_type<'s>(&'s self, name: &'s JobType) -> impl Iterator<Item = Bucket> + 's {
        self.mill.iter().zip(&self.types).map(move |(mill, types)| {
            let flow = types.get(name).copied().unwrap_or_default();
            Bucket { flow, over: mill.over }
        })
    }

    /// All that happened to each type to which anything did.
    pub(crate) fn sums(&self) -> &BTreeMap<JobType, Flow> {
        &self.sums
    }

    /// How long jobs waited and ran over all buckets, the open one among them.
    pub(crate) fn times(&self) -> &Times {
        &self.times
    }

    /// The same of some types alone, as if there were no others.
    pub(super) fn of_types(&self, is_one: impl Fn(&JobType) -> bool + Copy) -> Self {
        let own = |types: &BTreeMap<JobType, Flow>| -> BTreeMap<JobType, Flow> {
            types.iter().filter(|(name, _)| is_one(name)).map(|(name, flow)| (name.clone(), *flow)).collect()
        };
        let bucket = |of: &Bucket, types: &BTreeMap<JobType, Flow>| Bucket {
            flow: types.values().fold(Flow::default(), |sum, flow| sum.plus(*flow)),
            over: of.over,
        };
        let types: VecDeque<_> = self.types.iter().map(|types| Arc::new(own(types))).collect();
        let open_types = own(&self.open_types);
        Self {
            began: self.began,
            open: bucket(&self.open, &open_types),
            mill: self.mill.iter().zip(&types).map(|(of, types)| bucket(of, types)).collect(),
            open_types,
            types,
            sums: own(&self.sums),
            times: self.times.of_types(is_one),
        }
    }

    fn take_off(&mut self, name: &JobType, flow: Flow) {
        let Some(sum) = self.sums.get_mut(name) else { return };
        *sum = sum.minus(flow);
        if *sum == Flow::default() {
            self.sums.remove(name);
        }
    }
}

fn add_to(sums: &mut BTreeMap<JobType, Flow>, name: &JobType, flow: Flow) {
    match sums.get_mut(name) {
        Some(sum) => *sum = sum.plus(flow),
        None => drop(sums.insert(name.clone(), flow)),
    }
}

#[cfg(test)]
mod tests;
