//! What the pages show as it changes: snapshots of counts and lanes, taken by one task for all open pages.

mod attention;
mod event;
mod flow;
mod latency;
mod percentiles;
mod sampler;
mod seen;
mod series;
mod standstill;
mod times;

pub(crate) use attention::told;
pub(crate) use event::{cells, has_work, mark};
pub(crate) use flow::{Flow, Sum, per_second};
pub(crate) use latency::plus;
pub(crate) use percentiles::{Percentiles, PercentilesMs};
pub(crate) use sampler::{Live, Snapshot, start};
pub(crate) use seen::event_for;
pub(crate) use series::{BUCKETS, Bucket};
pub(crate) use times::WaitAndRun;
