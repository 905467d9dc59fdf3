#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod ages;
mod batch;
mod debts;
mod ends;
mod gauges;
mod hindrance;
mod lane;
mod reading;
mod refresh;
mod relay;
mod standing;
mod step;

pub use relay::Relay;
pub use standing::Standing;
