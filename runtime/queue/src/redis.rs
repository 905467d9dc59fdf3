//! The queue in Redis: pending and in-flight jobs shared by any number of processes. Alone knows the crate `redis`.

mod config;
mod start;

pub use config::RedisConfig;
pub use start::{RedisStart, RedisStartError};
