//! Where the queue's Redis is, and how much may be kept there.

use std::num::NonZeroU16;

/// Configuration of the queue in Redis. The same for every process that shares the queue.
#[derive(Clone)]
pub struct RedisConfig {
    /// The servers of the first set, called `main`.
    pub main: RedisServers,
    /// Further sets. Which set a job is in its id says, by its generation ([`wasmill_job::ServerSet`]), so their order never
    /// changes: one is only ever added at the end.
    pub more: Vec<RedisServers>,
    /// Names the queue's keys, `{NAME:SHARD}:…`, so that one Redis can hold several. Letters, digits and dashes.
    /// Default `wasmill`.
    pub name: String,
    /// Dead letters kept per job type and shard where no log takes them; with so many, the type is not taken until some
    /// are redriven or purged. Default 10,000.
    pub dead_max: u64,
}

/// A set of servers, over which jobs are spread by their partitions. Two sets have no server in common.
#[derive(Clone)]
pub struct RedisServers {
    /// Each `redis://[USER:PASSWORD@]HOST:PORT[/DB]`, or `unix:///PATH?db=N`. Shard i of the set lies on server i mod servers, so
    /// their order is the same for every process, too, and never changes while there is something in the queue.
    pub servers: Vec<String>,
    /// Into how many parts the set's keys are cut: a multiple of the number of servers. Never changes while there is something in
    /// the queue. Default 1.
    pub shards: NonZeroU16,
}

impl RedisConfig {
    /// The defaults, on one server at this address.
    pub fn new(url: impl Into<String>) -> Self {
        let main = RedisServers { servers: vec![url.into()], shards: NonZeroU16::MIN };
        Self { main, more: Vec::new(), name: "wasmill".into(), dead_max: 10_000 }
    }

    /// All sets, in order.
    pub(super) fn sets(&self) -> impl Iterator<Item = &RedisServers> {
        [&self.main].into_iter().chain(&self.more)
    }
}

impl std::fmt::Debug for RedisConfig {
    /// Without the addresses, which may hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, dead_max, .. } = self;
        let shards: Vec<_> = self.sets().map(|set| set.shards).collect();
        f.debug_struct("RedisConfig")
            .field("name", name)
            .field("shards", &shards)
            .field("dead_max", dead_max)
            .finish_non_exhaustive()
    }
}
