#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod config;
mod drain;
mod readiness;
mod signals;
mod telemetry;

pub use config::Config;
pub use drain::{Drain, Late, Part};
pub use readiness::{Latch, Readiness, Standing};
pub use signals::{Signal, Signals};
pub use telemetry::{Metrics, TelemetryError, start_logs};
