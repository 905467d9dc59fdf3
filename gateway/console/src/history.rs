//! What happened in each minute of the last seven days, by type and of the whole mill: collected from the looks of the sampler,
//! kept by this process in a folder of its own, and joined into steps for charts. Derived and small; it may be lost.

mod collect;
mod error;
mod folder;
mod hour;
mod keeper;
mod minute;
mod row;
mod steps;
mod store;

pub(crate) use collect::Look;
pub(crate) use keeper::{Feed, History};
pub(crate) use steps::{MINUTES_MAX, Span, Step};
