//! The suite on the queue in Redis, cut into one shard and into two.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use wasmill_job::UnixMs;
use wasmill_queue::{Queue, RedisConfig, RedisQueue};
use wasmill_tests::{DEADLINE, free_port, until};

use super::QueueUnderTest;

mod one_shard {
    crate::queue::every_case!(crate::queue::redis::InRedis<1>);
}

mod two_shards {
    crate::queue::every_case!(crate::queue::redis::InRedis<2>);
}

/// A queue in a Redis of its own, with a clock that is turned by hand.
pub(crate) struct InRedis<const SHARDS: u16> {
    server: Server,
    queue: RedisQueue,
    now: std::sync::atomic::AtomicU64,
}

/// A Redis server in a folder of its own.
struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        let child = spawn(port, folder.path());
        let server = Self { child, port, folder };
        server.answers().await;
        server
    }

    async fn answers(&self) {
        until("Redis answers", DEADLINE, || async {
            let mut connection = self.client().get_multiplexed_async_connection().await.ok()?;
            redis::cmd("PING").query_async::<()>(&mut connection).await.ok()
        })
        .await;
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    async fn command(&self, parts: &[&str]) {
        let mut connection = self.client().get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(parts[0]);
        parts[1..].iter().for_each(|part| {
            command.arg(*part);
        });
        command.query_async::<()>(&mut connection).await.unwrap();
    }

    fn end(&mut self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        self.child.wait().unwrap();
    }

    async fn again(&mut self) {
        self.child = spawn(self.port, self.folder.path());
        self.answers().await;
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("appendonlydir").join("appendonly.aof.1.incr.aof")
    }
}

fn spawn(port: u16, folder: &std::path::Path) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        .args(["--maxmemory-policy", "noeviction", "--dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<const SHARDS: u16> InRedis<SHARDS> {
    fn handle(server: &Server) -> RedisQueue {
        let shards = NonZeroU16::new(SHARDS).unwrap();
        RedisQueue::new(&RedisConfig { shards, ..RedisConfig::new(server.url()) }).unwrap()
    }

    async fn tell_time(&self) {
        for shard in 0..SHARDS {
            let now = self.now().0.to_string();
            self.server.command(&["HSET", &format!("{{wasmill:{shard}}}:c"), "clk", &now]).await;
        }
    }
}

impl<const SHARDS: u16> QueueUnderTest for InRedis<SHARDS> {
    type Queue = RedisQueue;

    async fn fresh() -> Self {
        let server = Server::start().await;
        let queue = Self::handle(&server);
        let fresh = Self { server, queue, now: 1_800_000_000_000.into() };
        queue_starts(&fresh.queue).await;
        fresh.tell_time().await;
        fresh
    }

    fn queue(&self) -> RedisQueue {
        self.queue.clone()
    }

    fn now(&self) -> UnixMs {
        UnixMs(self.now.load(std::sync::atomic::Ordering::SeqCst))
    }

    async fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.now.fetch_add(by, std::sync::atomic::Ordering::SeqCst);
        self.tell_time().await;
    }

    async fn restart(mut self) -> Self {
        self.server.end(rustix::process::Signal::TERM);
        self.server.again().await;
        self.queue = Self::handle(&self.server);
        self
    }

    /// Killed, and the end of its file torn off, as after a lost second.
    async fn crash(mut self) -> Self {
        self.server.end(rustix::process::Signal::KILL);
        let file = std::fs::OpenOptions::new().write(true).open(self.server.log()).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length - length / 50).unwrap();
        self.server.again().await;
        self.queue = Self::handle(&self.server);
        self.tell_time().await;
        self
    }

    async fn wipe(self) -> Self {
        self.server.command(&["FLUSHALL"]).await;
        self.tell_time().await;
        self
    }

    async fn check(&self) -> Result<(), String> {
        // Nothing may be left undone that a sweep would do.
        self.queue.sweep(usize::MAX).await.unwrap();
        let checked = self.queue.check().await.unwrap();
        if checked.faults.is_empty() { Ok(()) } else { Err(checked.faults.join("; ")) }
    }
}

async fn queue_starts(queue: &RedisQueue) {
    assert!(queue.start().await.is_ok());
}
