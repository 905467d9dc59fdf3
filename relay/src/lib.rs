#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod batch;
mod debts;
mod ends;
mod gauges;
mod hindrance;
mod lane;
mod reading;
mod relay;
mod standing;

pub use relay::Relay;
pub use standing::Standing;
