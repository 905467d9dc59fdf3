//! What the mill is known to do: the last answers, the rates between them, and what was completed in the last minutes. Pure:
//! answers and moments are handed in.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::flow::Flow;
use crate::command::status::{Lane, TypeStatus};
use crate::command::workers::answer::WorkerList;

/// What one look at the mill found.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) types: Vec<TypeStatus>,
    /// A sentence where the server does not tell.
    pub(super) lanes: Result<Vec<Lane>, String>,
    pub(super) workers: Result<WorkerList, String>,
}

/// A job type, and what happens of it.
#[derive(Clone, Debug)]
pub(super) struct TypeRow {
    pub(super) status: TypeStatus,
    pub(super) flow: Flow,
}

/// The mill as it was seen last.
#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) types: Vec<TypeRow>,
    pub(super) lanes: Result<Vec<Lane>, String>,
    pub(super) workers: Result<WorkerList, String>,
    /// Since this began; `None` before the first look.
    seen_at: Option<Duration>,
    /// Why the server does not answer now.
    pub(super) trouble: Option<String>,
    series: VecDeque<Bucket>,
}

/// The sum over all types.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) pending: u64,
    pub(super) scheduled: u64,
    pub(super) in_flight: u64,
    pub(super) dead: u64,
    pub(super) flow: Flow,
    /// Records that the relay has not carried yet; `None` without a log.
    pub(super) lag: Option<u64>,
}

/// What was completed in a few seconds.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    begins_at: Duration,
    /// The sum of the rates that were seen, and how many.
    completed: (f64, u32),
}

/// How long a bucket is.
const BUCKET: Duration = Duration::from_secs(3);
/// Five minutes of them.
const BUCKETS: usize = 100;

impl Default for Board {
    fn default() -> Self {
        let not_asked = || "not asked yet".to_owned();
        Self {
            types: Vec::new(),
            lanes: Err(not_asked()),
            workers: Err(not_asked()),
            seen_at: None,
            trouble: None,
            series: VecDeque::new(),
        }
    }
}

impl Board {
    /// Takes in what a look at `at`, since this began, found.
    pub(super) fn see(&mut self, look: Look, at: Duration) {
        let over = self.seen_at.map_or(Duration::ZERO, |before| at.saturating_sub(before));
        let before: BTreeMap<String, TypeStatus> =
            self.types.drain(..).map(|row| (row.status.job_type.clone(), row.status)).collect();
        let row = |status: TypeStatus| {
            // A type that was not there before has come with all its counts: they say nothing about this moment.
            let before = before.get(&status.job_type);
            let flow = before.map(|before| Flow::between(before, &status, over)).unwrap_or_default();
            TypeRow { status, flow }
        };
        self.types = look.types.into_iter().map(row).collect();
        (self.lanes, self.workers) = (look.lanes, look.workers);
        let is_first = self.seen_at.replace(at).is_none();
        self.trouble = None;
        if !is_first {
            self.count(at, self.sum().flow.completed);
        }
    }

    /// The server did not answer.
    pub(super) fn miss(&mut self, why: String) {
        self.trouble = Some(why);
    }

    pub(super) fn is_seen(&self) -> bool {
        self.seen_at.is_some()
    }

    /// How old the numbers are.
    pub(super) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.seen_at.unwrap_or(now))
    }

    pub(super) fn sum(&self) -> Sum {
        let of_lanes = self.lanes.as_ref().ok().filter(|lanes| !lanes.is_empty());
        let lag = of_lanes.map(|lanes| lanes.iter().map(|lane| lane.lag).sum());
        self.types.iter().fold(Sum { lag, ..Sum::default() }, |sum, TypeRow { status, flow }| Sum {
            pending: sum.pending + status.pending,
            scheduled: sum.scheduled + status.scheduled,
            in_flight: sum.in_flight + status.in_flight,
            dead: sum.dead + status.dead,
            flow: sum.flow.plus(*flow),
            lag,
        })
    }

    /// Completed in a second, each three seconds, the newest last.
    pub(super) fn completed(&self) -> Vec<u64> {
        let mean = |bucket: &Bucket| {
            let (sum, count) = bucket.completed;
            (sum / f64::from(count.max(1))).ceil() as u64
        };
        self.series.iter().map(mean).collect()
    }

    fn count(&mut self, at: Duration, completed: f64) {
        match self.series.back_mut().filter(|bucket| at < bucket.begins_at + BUCKET) {
            Some(bucket) => {
                bucket.completed.0 += completed;
                bucket.completed.1 += 1;
            }
            None => self.series.push_back(Bucket { begins_at: at, completed: (completed, 1) }),
        }
        while self.series.len() > BUCKETS {
            self.series.pop_front();
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
