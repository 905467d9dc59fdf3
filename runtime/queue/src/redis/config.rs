//! Where the queue's Redis is, and how much may be kept there.

use std::num::NonZeroU16;

/// Configuration of the queue in Redis. The same for every process that shares the queue.
#[derive(Clone)]
pub struct RedisConfig {
    /// The servers, each `redis://[USER:PASSWORD@]HOST:PORT[/DB]`, or `unix:///PATH?db=N`. Shard i lies on server i mod
    /// servers, so their order is the same for every process, too, and never changes while there is something in the queue.
    pub servers: Vec<String>,
    /// Names the queue's keys, `{NAME:SHARD}:…`, so that one Redis can hold several. Letters, digits and dashes.
    /// Default `wasmill`.
    pub name: String,
    /// Into how many parts the keys are cut: a multiple of the number of servers. Never changes while there is something
    /// in the queue. Default 1.
    pub shards: NonZeroU16,
    /// Dead letters kept per job type and shard where no log takes them; with so many, the type is not taken until some
    /// are redriven or purged. Default 10,000.
    pub dead_max: u64,
}

impl RedisConfig {
    /// The defaults, on one server at this address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { servers: vec![url.into()], name: "wasmill".into(), shards: NonZeroU16::MIN, dead_max: 10_000 }
    }
}

impl std::fmt::Debug for RedisConfig {
    /// Without the addresses, which may hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, shards, dead_max, .. } = self;
        f.debug_struct("RedisConfig")
            .field("name", name)
            .field("shards", shards)
            .field("dead_max", dead_max)
            .finish_non_exhaustive()
    }
}
