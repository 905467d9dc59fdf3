//! From looks at the mill to minutes. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmill_job::{JobType, UnixMs};
use wasmill_queue::{Counts, Latencies};

use super::minute::{Minute, MinuteNumber};
use crate::live::{Flow, Sum, WaitAndRun, plus};

/// What a look found: what happened since the one before, and how it stands.
pub(crate) struct Look<'l> {
    pub(crate) now: UnixMs,
    pub(crate) flows: &'l BTreeMap<JobType, Flow>,
    pub(crate) times: &'l BTreeMap<JobType, Latencies>,
    pub(crate) counts: &'l Arc<BTreeMap<JobType, Counts>>,
}

/// A minute that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) minute: MinuteNumber,
    pub(super) mill: Minute,
    /// Those in which anything happened, or jobs are pending.
    pub(super) types: BTreeMap<JobType, Minute>,
}

/// The minute that is not over.
#[derive(Debug, Default)]
pub(super) struct Collector {
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Open {
    minute: MinuteNumber,
    flows: BTreeMap<JobType, Flow>,
    times: BTreeMap<JobType, Latencies>,
    counts: Arc<BTreeMap<JobType, Counts>>,
}

impl Collector {
    /// Adds a look to its minute, and answers the minute before if that is over now. Minutes without a look are not told: nobody
    /// knows what happened in them. A clock that was set back gives a minute a second time; whoever keeps them adds the two.
    pub(super) fn note(&mut self, look: &Look<'_>) -> Option<Closed> {
        let minute = MinuteNumber::of(look.now);
        let over = self.open.take_if(|open| open.minute != minute).map(|open| open.close());
        let open = self.open.get_or_insert_with(|| Open { minute, ..Open::default() });
        for (name, flow) in look.flows {
            let sum = open.flows.entry(name.clone()).or_default();
            *sum = sum.plus(*flow);
        }
        for (name, times) in look.times {
            plus(open.times.entry(name.clone()).or_default(), times);
        }
        open.counts = Arc::clone(look.counts);
        over
    }

    /// The minute that is not over, when nothing more will come.
    pub(super) fn close(&mut self) -> Option<Closed> {
        self.open.take().map(|open| open.close())
    }
}

impl Open {
    fn close(self) -> Closed {
        let mut types: BTreeMap<JobType, Minute> = BTreeMap::new();
        let (mut flow, mut times) = (Flow::default(), Latencies::default());
        for (name, of) in self.flows {
            flow = flow.plus(of);
            types.entry(name).or_default().flow = of;
        }
        for (name, of) in self.times {
            plus(&mut times, &of);
            types.entry(name).or_default().times = WaitAndRun::of(&of);
        }
        for (name, counts) in self.counts.iter().filter(|(_, counts)| counts.pending > 0) {
            types.entry(name.clone()).or_default().pending = counts.pending;
        }
        let pending = Sum::of(self.counts.values()).pending;
        Closed { minute: self.minute, mill: Minute { flow, pending, times: WaitAndRun::of(&times) }, types }
    }
}

#[cfg(test)]
mod tests;
