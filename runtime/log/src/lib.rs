#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod embedded;
mod port;

pub use embedded::{EmbeddedLog, LogConfig, LogIdentity, OpenError, Trimmed};
pub use port::{Append, AppendError, Bounds, Log, ReadError, Stored};
