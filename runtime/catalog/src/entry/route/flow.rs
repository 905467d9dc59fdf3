//! Reads `flow` of a job type: how fast its jobs may run, and how many may wait.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use crate::Flow;
use crate::mistake::Report;
use crate::section::{Keys, Section};
use crate::units::parse_rate;

const KEYS: Keys = Keys { known: &["concurrency", "rate", "weight", "max_pending"], later: &[] };
const CONCURRENCY: RangeInclusive<u64> = 1..=1_000_000;
/// One type a thousand times before another is as good as always.
const WEIGHT: RangeInclusive<u64> = 1..=1_000;
/// More than any queue holds.
const MAX_PENDING: RangeInclusive<u64> = 1..=1_000_000_000;

/// Reads the table `flow` of a job type; what is refused, or not there, has its default.
pub(super) fn read_flow(report: &mut Report<'_>, job_type: &Section<'_>) -> Flow {
    let Some(section) = job_type.child(report, "flow", &KEYS) else { return Flow::default() };
    let small = |count: u64| u32::try_from(count).ok();
    let concurrency = section.count(report, "concurrency", CONCURRENCY).and_then(small);
    let rate = section.text(report, "rate", "500/s", parse_rate).map(|(rate, _)| rate);
    let weight = section.count(report, "weight", WEIGHT).and_then(small).and_then(NonZeroU32::new);
    let max_pending = section.count(report, "max_pending", MAX_PENDING);
    Flow { concurrency, rate, weight: weight.unwrap_or(NonZeroU32::MIN), max_pending }
}
