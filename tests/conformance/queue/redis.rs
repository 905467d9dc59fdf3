//! The suite on the queue in Redis, cut into one shard, into two, and into two on a server each.

use std::num::NonZeroU16;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wasmill_job::UnixMs;
use wasmill_queue::{RedisConfig, RedisQueue, RedisServers, RedisStartError};
use wasmill_tests::{DEADLINE, Redis, until};

use super::QueueUnderTest;

mod one_shard {
    crate::queue::every_case!(crate::queue::redis::InRedis<1, 1>);

    #[test]
    fn does_what_the_model_does() {
        crate::queue::model::run::<crate::queue::redis::InRedis<1, 1>>();
    }
}

mod two_shards {
    crate::queue::every_case!(crate::queue::redis::InRedis<2, 1>);

    #[test]
    fn does_what_the_model_does() {
        crate::queue::model::run::<crate::queue::redis::InRedis<2, 1>>();
    }
}

mod two_servers {
    // Without the model: it takes a crash for one of a single file, from which all shards come back as of one moment.
    crate::queue::every_case!(crate::queue::redis::InRedis<2, 2>);
}

/// A queue in servers of its own, with a clock that is turned by hand.
pub(crate) struct InRedis<const SHARDS: u16, const SERVERS: usize> {
    servers: Vec<Redis>,
    queue: RedisQueue,
    now: AtomicU64,
}

impl<const SHARDS: u16, const SERVERS: usize> InRedis<SHARDS, SERVERS> {
    fn handle(servers: &[Redis]) -> RedisQueue {
        let shards = NonZeroU16::new(SHARDS).unwrap();
        let servers = servers.iter().map(Redis::url).collect();
        let main = RedisServers { servers, shards };
        RedisQueue::new(&RedisConfig { main, ..RedisConfig::new("") }).unwrap()
    }

    /// Waits until the servers are connected: one that takes its time to answer is asked again.
    async fn connected(&self) {
        until("the servers are connected", DEADLINE, || async {
            match self.queue.start().await {
                Err(RedisStartError::Unavailable(_)) => None,
                start => start.unwrap().missing.is_empty().then_some(()),
            }
        })
        .await;
    }

    async fn tell_time(&self) {
        for shard in 0..SHARDS {
            let now = self.now().0.to_string();
            let server = &self.servers[usize::from(shard) % SERVERS];
            server.must(&["HSET", &format!("{{wasmill:{shard}}}:c"), "clk", &now]).await;
        }
    }
}

impl<const SHARDS: u16, const SERVERS: usize> QueueUnderTest for InRedis<SHARDS, SERVERS> {
    type Queue = RedisQueue;

    const SHARDS: u16 = SHARDS;
    const CLAIMS_SURVIVE: bool = true;
    const GIVES_PLACES: bool = true;

    async fn fresh() -> Self {
        let mut servers = Vec::new();
        for _ in 0..SERVERS {
            servers.push(Redis::start().await);
        }
        let queue = Self::handle(&servers);
        let fresh = Self { servers, queue, now: 1_800_000_000_000.into() };
        fresh.connected().await;
        fresh.tell_time().await;
        fresh
    }

    fn queue(&self) -> RedisQueue {
        self.queue.clone()
    }

    fn now(&self) -> UnixMs {
        UnixMs(self.now.load(Ordering::SeqCst))
    }

    async fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.now.fetch_add(by, Ordering::SeqCst);
        self.tell_time().await;
    }

    async fn restart(mut self) -> Self {
        for server in &mut self.servers {
            server.end();
            server.restart().await;
        }
        self.queue = Self::handle(&self.servers);
        self.connected().await;
        self
    }

    /// Killed, and the end of its file torn off, as after a lost second.
    async fn crash(mut self, lose: u32) -> Self {
        for server in &mut self.servers {
            let bytes: u64 = server.info("aof_current_size").await.parse().unwrap();
            server.kill();
            server.truncate_aof(bytes * u64::from(lose) / 1_000);
            server.restart().await;
            // Redis 7.0 leaves the torn transaction's beginning in the file, and applies it with the next one at the
            // restart after this. A file written anew does not have it; what the queue makes of one that has is shown in
            // tests/redis.
            // Refused while the queue is having it rewritten, which is as good.
            server.command(&["BGREWRITEAOF"]).await;
            until("the file is written anew", DEADLINE, || async {
                let (is_asked, is_begun) = (
                    server.info("aof_rewrite_scheduled").await,
                    server.info("aof_rewrite_in_progress").await,
                );
                (is_asked == "0" && is_begun == "0").then_some(())
            })
            .await;
        }
        self.queue = Self::handle(&self.servers);
        self.tell_time().await;
        self.connected().await;
        self
    }

    async fn wipe(self) -> Self {
        for server in &self.servers {
            server.flush_all().await;
        }
        self.tell_time().await;
        self
    }
}
