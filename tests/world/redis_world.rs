//! The world of the profiles with Redis: a Redis of its own, and the processes of one `wasmill.toml` around it.

use std::fmt::Write as _;
use std::ops::Deref;

use crate::processes::Processes;
use crate::{Executions, Mill, Proxy, Redis, Server, Watched, free_port};

/// A mill on Redis, told what to do in the words of [`Mill`]. When it is dropped with work left behind, the test fails.
pub struct RedisWorld {
    processes: Processes,
    mill: Mill,
    redis: Redis,
    /// Between the processes and Redis, when the setup asks for it.
    proxy: Option<Proxy>,
    /// `gateway`, or `serve` when there is a log: what callers speak to.
    front: Option<Server>,
    workers: Vec<Option<Server>>,
    role: &'static str,
    leaves_work: bool,
}

/// How a world is built.
#[derive(Clone, Debug)]
pub struct Setup {
    pub log: LogKind,
    /// Worker processes beside the gateway; `serve` has a worker in itself and needs none.
    pub workers: usize,
    /// Jobs that a process runs at once.
    pub slots: u32,
    /// How long a claim is held, in seconds.
    pub lease_s: u64,
    /// Puts a [`Proxy`] between the processes and Redis.
    pub proxied: bool,
    /// Redis's options, as in `redis.conf`.
    pub redis: Vec<(&'static str, &'static str)>,
    /// Whether processes tell each attempt: the books need it, benches do not want it.
    pub telling: bool,
}

/// Where accepted jobs are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// In Redis alone: processes `wasmill gateway` and `wasmill worker`.
    None,
    /// In the embedded log, the queue in Redis derived from it: one process, `wasmill serve`.
    Embedded,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            log: LogKind::None,
            workers: 2,
            slots: 2,
            lease_s: 2,
            proxied: false,
            redis: Vec::new(),
            telling: true,
        }
    }
}

impl RedisWorld {
    /// Starts everything, and waits until the gateway is ready. Workers show that they are by working.
    pub async fn start(setup: &Setup) -> Self {
        let redis = Redis::start_with(&setup.redis).await;
        let proxy = if setup.proxied { Some(Proxy::before(redis.address()).await) } else { None };
        let (role, workers) = match setup.log {
            LogKind::None => ("gateway", setup.workers),
            LogKind::Embedded => ("serve", 0),
        };
        let mut world = Self {
            processes: Processes::new(setup.telling),
            mill: Mill { address: ([127, 0, 0, 1], free_port()).into() },
            redis,
            proxy,
            front: None,
            workers: (0..workers).map(|_| None).collect(),
            role,
            leaves_work: false,
        };
        std::fs::write(world.processes.config_path(), world.config(setup)).unwrap();
        world.restart_front().await;
        for number in 0..workers {
            world.start_worker(number);
        }
        world
    }

    fn config(&self, setup: &Setup) -> String {
        let url = self.proxy.as_ref().map_or_else(|| self.redis.url(), Proxy::url);
        let mut text = String::new();
        writeln!(text, "[data]\ndir = {:?}", self.processes.folder().join("data")).unwrap();
        writeln!(text, "[gateway]\nlisten = \"{}\"", self.mill.address).unwrap();
        writeln!(text, "[queue]\nkind = \"redis\"\nurl = \"{url}\"").unwrap();
        let log = if setup.log == LogKind::None { "none" } else { "embedded" };
        writeln!(text, "[log]\nkind = \"{log}\"").unwrap();
        writeln!(text, "[worker]\nslots = {}\nlease = \"{}s\"", setup.slots, setup.lease_s).unwrap();
        text
    }

    fn spawn(&mut self, role: &str) -> Server {
        self.processes.spawn(role, self.mill.address, &[])
    }

    /// Starts the process that callers speak to, if none runs, and waits until it is ready.
    pub async fn restart_front(&mut self) {
        let mut front = self.spawn(self.role);
        front.ready().await;
        self.front = Some(front);
    }

    /// `kill -9` of the process that callers speak to.
    ///
    /// # Panics
    /// When it is down.
    pub fn kill_front(&mut self) {
        self.front.take().expect("it runs").kill();
    }

    /// Starts a worker again.
    ///
    /// # Panics
    /// When it runs.
    pub fn start_worker(&mut self, number: usize) {
        assert!(self.workers[number].is_none(), "worker {number} runs already");
        // Each at an address of its own that is known from outside.
        let address = ([127, 0, 0, 1], free_port()).into();
        let listen = [("WASMILL_WORKER_LISTEN", &*format!("{address}"))];
        self.workers[number] = Some(self.processes.spawn("worker", address, &listen));
    }

    /// Starts a console beside the others, and waits until it is ready. It is asked in the words of a mill, though it takes no jobs in.
    pub async fn start_console(&mut self) -> (Server, Mill) {
        let address = ([127, 0, 0, 1], free_port()).into();
        let listen = [("WASMILL_CONSOLE_LISTEN", &*format!("{address}"))];
        let mut console = self.processes.spawn("console", address, &listen);
        console.ready().await;
        (console, Mill { address })
    }

    /// `kill -9` of a worker.
    ///
    /// # Panics
    /// When it is down.
    pub fn kill_worker(&mut self, number: usize) {
        self.workers[number].take().expect("it runs").kill();
    }

    /// A worker that runs.
    ///
    /// # Panics
    /// When it is down.
    pub fn worker(&self, number: usize) -> &Server {
        self.workers[number].as_ref().expect("the worker runs")
    }

    /// The process that callers speak to.
    ///
    /// # Panics
    /// When it is down.
    pub fn front(&self) -> &Server {
        self.front.as_ref().expect("the gateway runs")
    }

    /// Its Redis.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Its Redis, to be killed.
    pub fn redis_mut(&mut self) -> &mut Redis {
        &mut self.redis
    }

    /// The proxy before Redis.
    ///
    /// # Panics
    /// When the setup asked for none.
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a world with `proxied`")
    }

    /// Says that work may be left behind when the world ends.
    pub fn leaves_work(&mut self) {
        self.leaves_work = true;
    }
}

impl Watched for RedisWorld {
    fn executions(&self) -> Vec<Executions> {
        self.processes.executions()
    }
}

impl Deref for RedisWorld {
    type Target = Mill;

    fn deref(&self) -> &Mill {
        &self.mill
    }
}

impl Drop for RedisWorld {
    fn drop(&mut self) {
        self.processes.close(&self.mill, self.leaves_work || self.front.is_none());
    }
}
