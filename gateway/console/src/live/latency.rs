//! How long jobs waited and ran since the look before, of what workers tell: counts that only grow while a worker lives. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use wasmill_job::{JobType, UnixMs};
use wasmill_queue::{LATENCIES_KEPT, Latencies, WorkerId, WorkerReport};

/// What workers have told, to be compared with what they tell next.
#[derive(Debug, Default)]
pub(super) struct Told {
    workers: BTreeMap<WorkerId, Worker>,
    looked: Option<UnixMs>,
}

#[derive(Debug)]
struct Worker {
    /// The newest of each type, also of those that a report left out since.
    types: BTreeMap<JobType, Latencies>,
    /// It was seen from its first minute on, so that of a type not told before everything is new.
    is_whole: bool,
    seen: UnixMs,
}

/// A worker that tells nothing for so long is forgotten; another life of it has another id.
const KEPT: Duration = Duration::from_secs(600);

impl Told {
    /// What came since the look before, by type; types of which nothing came are left out. A worker that is seen for the first time
    /// counts from its second report on, unless it is younger than a report reaches back: what an older one has told by then may be
    /// of any time.
    /// Cost: O(bytes of the reports).
    pub(super) fn since(&mut self, now: UnixMs, reports: Vec<WorkerReport>) -> BTreeMap<JobType, Latencies> {
        let over = self.looked.replace(now).map(|at| now.since(at));
        let mut came: BTreeMap<JobType, Latencies> = BTreeMap::new();
        for report in reports {
            // Both by the worker's clock, so it does not matter what that says.
            let age = report.told_at.since(report.started_at);
            let is_whole = age <= over.unwrap_or_default().max(LATENCIES_KEPT);
            let new = || Worker { types: BTreeMap::new(), is_whole, seen: now };
            let worker = self.workers.entry(report.worker).or_insert_with(new);
            worker.seen = now;
            for (name, times) in report.latencies {
                if let Some(more) = worker.take_in(&name, times) {
                    plus(came.entry(name).or_default(), &more);
                }
            }
        }
        self.workers.retain(|_, worker| now.since(worker.seen) < KEPT);
        came
    }
}

impl Worker {
    /// What is new of a type; `None` of nothing.
    fn take_in(&mut self, name: &JobType, times: Latencies) -> Option<Latencies> {
        let Some(before) = self.types.get_mut(name) else {
            let more = self.is_whole.then(|| times.clone());
            self.types.insert(name.clone(), times);
            return more;
        };
        let is_older = |of: fn(&Latencies) -> u64| of(&times) < of(before);
        // An older report, perhaps of a Redis that was rolled back: kept, it would have what followed counted twice.
        if is_older(|of| of.wait_us.count()) || is_older(|of| of.run_us.count()) {
            return None;
        }
        let more = minus(&times, before);
        *before = times;
        (!is_empty(&more)).then_some(more)
    }
}

/// Adds all of another.
pub(crate) fn plus(sum: &mut Latencies, more: &Latencies) {
    sum.wait_us.add(&more.wait_us);
    sum.run_us.add(&more.run_us);
}

/// What is left without a part.
pub(super) fn minus(sum: &Latencies, part: &Latencies) -> Latencies {
    Latencies { wait_us: sum.wait_us.since(&part.wait_us), run_us: sum.run_us.since(&part.run_us) }
}

pub(super) fn is_empty(times: &Latencies) -> bool {
    times.wait_us.is_empty() && times.run_us.is_empty()
}

#[cfg(test)]
mod tests;
