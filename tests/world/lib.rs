//! The test world: real processes of the real binary, a client that speaks HTTP to them, and what they told in their
//! logs. A world checks itself when it is dropped: work left behind is a failure.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod client;
mod cluster;
mod guests;
mod history;
mod kafka;
mod mill;
mod port;
mod processes;
mod proxy;
mod redis;
mod redis_world;
mod resp;
mod s3;
mod server;
mod signals;
mod story;
mod until;

pub use client::{Connection, Reply};
pub use cluster::{ClusterSetup, ClusterWorld, Role};
pub use guests::{guest, installed};
pub use history::{Executions, TELLING, executions};
pub use kafka::{Kafka, Partition, Security};
pub use mill::{JobRef, Mill};
pub use port::free_port;
pub use processes::{Watched, wasmill};
pub use proxy::{Proxy, Theft};
pub use redis::Redis;
pub use redis_world::{LogKind, RedisWorld, Setup};
pub use resp::Answer;
pub use s3::S3;
pub use server::{Server, binary};
pub use story::World;
pub use until::{DEADLINE, until, until_none_is_left};
