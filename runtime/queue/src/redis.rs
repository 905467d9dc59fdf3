//! The queue in Redis: pending and in-flight jobs shared by any number of processes. Alone knows the crate `redis`.

mod attempts;
mod check;
mod config;
mod cursor;
mod enqueuing;
mod gauges;
mod handle;
mod lane;
mod lanes;
mod letter;
mod link;
mod memory;
mod news;
mod places;
mod plain;
mod pushing;
mod record;
mod recorded;
mod reply;
mod script;
mod server;
mod settling;
mod shard;
mod start;
mod taking;
mod trouble;

pub use config::{RedisConfig, RedisServers};
pub use handle::RedisQueue;
pub use start::{RedisStart, RedisStartError};
