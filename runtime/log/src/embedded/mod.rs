//! The embedded log: one redb file, one writer thread with group commit, one keeper thread for retention.

mod chunk;
mod compaction;
mod config;
mod disk;
mod identity;
mod keeper;
mod lock;
mod log;
mod partitions;
mod plan;
mod recent;
mod retention;
mod shared;
mod store;
mod telemetry;
mod witness;
mod writer;

pub use config::{LogConfig, OpenError};
pub use identity::LogIdentity;
pub use keeper::Trimmed;
pub use log::EmbeddedLog;
