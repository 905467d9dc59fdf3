//! What the pages show as it changes: snapshots of counts and lanes, taken by one task for all open pages.

mod attention;
mod event;
mod flow;
mod sampler;
mod seen;
mod series;
mod standstill;

pub(crate) use attention::told;
pub(crate) use event::cells;
pub(crate) use flow::{Flow, Sum, per_second};
pub(crate) use sampler::{Live, Snapshot, start};
pub(crate) use seen::event_for;
pub(crate) use series::{BUCKETS, Bucket};
