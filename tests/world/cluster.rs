//! The world of the profile cluster: brokers, servers of Redis, and the processes of one `wasmill.toml` between them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Deref;

use serde_json::Value;

use crate::processes::{Processes, wasmill};
use crate::{DEADLINE, Executions, Kafka, Mill, Redis, Server, Watched, free_port, until};

/// A mill on Kafka and Redis, told what to do in the words of [`Mill`] at its first gateway. When it is dropped with work
/// left behind, the test fails.
pub struct ClusterWorld {
    processes: Processes,
    mill: Mill,
    kafka: Kafka,
    redis: Vec<Redis>,
    gateways: Vec<Option<Server>>,
    relays: Vec<Option<Server>>,
    workers: Vec<Option<Server>>,
    leaves_work: bool,
}

/// How a world is built.
#[derive(Clone, Debug)]
pub struct ClusterSetup {
    /// One or three.
    pub brokers: usize,
    pub broker_options: Vec<(&'static str, &'static str)>,
    /// Servers of Redis, each with one shard.
    pub redis: usize,
    /// Further servers, each with one shard, which together are the set `big`.
    pub more_redis: usize,
    /// Their options, as in `redis.conf`.
    pub redis_options: Vec<(&'static str, &'static str)>,
    pub gateways: usize,
    pub relays: usize,
    pub workers: usize,
    /// Jobs that a worker runs at once.
    pub slots: u32,
    /// How long a claim is held, in seconds.
    pub lease_s: u64,
    /// Further lines of the section `[kafka]`.
    pub kafka_lines: &'static str,
    /// Whether processes tell each attempt: the books need it, benches do not want it.
    pub telling: bool,
}

impl Default for ClusterSetup {
    fn default() -> Self {
        Self {
            brokers: 1,
            broker_options: Vec::new(),
            redis: 1,
            more_redis: 0,
            redis_options: Vec::new(),
            gateways: 1,
            relays: 1,
            workers: 1,
            slots: 2,
            lease_s: 5,
            kafka_lines: "",
            telling: true,
        }
    }
}

impl ClusterWorld {
    /// Starts everything, and waits until the gateways and relays are ready. Workers show that they are by working.
    pub async fn start(setup: &ClusterSetup) -> Self {
        let kafka = Kafka::start_with(setup.brokers, &setup.broker_options).await;
        let mut redis = Vec::new();
        for _ in 0..setup.redis + setup.more_redis {
            redis.push(Redis::start_with(&setup.redis_options).await);
        }
        let none = |count: usize| (0..count).map(|_| None).collect();
        let mut world = Self {
            processes: Processes::new(setup.telling),
            mill: Mill { address: loopback() },
            kafka,
            redis,
            gateways: none(setup.gateways),
            relays: none(setup.relays),
            workers: none(setup.workers),
            leaves_work: false,
        };
        std::fs::write(world.processes.config_path(), world.config(setup)).unwrap();
        world.make_topics();
        for number in 0..setup.gateways {
            world.start_gateway(number).await;
        }
        for number in 0..setup.relays {
            world.start_relay(number, &[]).await;
        }
        for number in 0..setup.workers {
            world.start_worker(number);
        }
        world
    }

    fn config(&self, setup: &ClusterSetup) -> String {
        let mut text = String::new();
        let listed =
            |items: Vec<String>| items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ");
        let brokers = self.kafka.bootstrap().split(',').map(str::to_owned).collect();
        let mut redis: Vec<_> = self.redis.iter().map(Redis::url).collect();
        let big = redis.split_off(setup.redis);
        let replication = if setup.brokers == 1 { 1 } else { 3 };
        let in_sync = if setup.brokers == 1 { 1 } else { 2 };
        writeln!(text, "[data]\ndir = {:?}", self.processes.folder().join("data")).unwrap();
        writeln!(text, "[gateway]\nlisten = \"{}\"", self.mill.address).unwrap();
        writeln!(text, "[log]\nkind = \"kafka\"").unwrap();
        writeln!(text, "[kafka]\nbrokers = [{}]", listed(brokers)).unwrap();
        writeln!(text, "replication = {replication}\nmin_insync = {in_sync}").unwrap();
        writeln!(text, "{}", setup.kafka_lines).unwrap();
        let url = if setup.redis == 1 { listed(redis) } else { format!("[{}]", listed(redis)) };
        writeln!(text, "[queue]\nkind = \"redis\"\nurl = {url}\nshards = {}", setup.redis).unwrap();
        if !big.is_empty() {
            let (shards, big) = (big.len(), listed(big));
            writeln!(text, "[[queue.more]]\nname = \"big\"\nurl = [{big}]\nshards = {shards}").unwrap();
        }
        // Several on one machine: each takes a port that is free.
        writeln!(text, "[worker]\nlisten = \"127.0.0.1:0\"").unwrap();
        writeln!(text, "slots = {}\nlease = \"{}s\"", setup.slots, setup.lease_s).unwrap();
        text
    }

    /// `wasmill topics apply`: makes the topics that the catalog needs.
    ///
    /// # Panics
    /// When Kafka refuses.
    pub fn make_topics(&self) {
        self.wasmill(&["topics", "apply"]).unwrap_or_else(|said| panic!("topics apply: {said}"));
    }

    /// A command of the binary with the world's configuration.
    ///
    /// # Errors
    /// When it ends with another code than 0: all that it said.
    pub fn wasmill(&self, arguments: &[&str]) -> Result<String, String> {
        let config = self.processes.config_path();
        wasmill(&[arguments, &["--config", config.to_str().unwrap()]].concat())
    }

    /// Deploys a guest, routes `job_type` to it, makes the topics that this needs, and waits until every gateway knows it.
    pub async fn route(&self, job_type: &str, guest: &str, lines: &str) {
        self.mill.route(job_type, guest, lines).await;
        self.make_topics();
        self.followed().await;
    }

    /// Waits until every gateway follows the newest revision.
    pub async fn followed(&self) {
        let revision =
            |address| async move { Mill { address }.get("/v1/status").await.json()["revision"].as_u64() };
        let wanted = revision(self.mill.address).await;
        for gateway in self.gateways.iter().flatten() {
            until("every gateway follows the catalog", DEADLINE, || async {
                (revision(gateway.address()).await >= wanted).then_some(())
            })
            .await;
        }
    }

    /// Starts a gateway and waits until it is ready. The first one is the one that is spoken to.
    pub async fn start_gateway(&mut self, number: usize) {
        let address = if number == 0 { self.mill.address } else { loopback() };
        let listen = address.to_string();
        let mut gateway = self.processes.spawn("gateway", address, &[("WASMILL_GATEWAY_LISTEN", &listen)]);
        gateway.ready().await;
        self.gateways[number] = Some(gateway);
    }

    /// Starts a relay, told by `more` variables, and waits until it is ready.
    pub async fn start_relay(&mut self, number: usize, more: &[(&str, &str)]) {
        self.begin_relay(number, more);
        self.relays[number].as_mut().unwrap().ready().await;
    }

    /// Starts a relay that perhaps never becomes ready.
    pub fn begin_relay(&mut self, number: usize, more: &[(&str, &str)]) {
        let address = loopback();
        let listen = address.to_string();
        let more = [more, &[("WASMILL_RELAY_LISTEN", listen.as_str())]].concat();
        if number == self.relays.len() {
            self.relays.push(None);
        }
        assert!(self.relays[number].is_none(), "relay {number} runs already");
        self.relays[number] = Some(self.processes.spawn("relay", address, &more));
    }

    /// Starts a worker.
    ///
    /// # Panics
    /// When it runs.
    pub fn start_worker(&mut self, number: usize) {
        assert!(self.workers[number].is_none(), "worker {number} runs already");
        self.workers[number] = Some(self.processes.spawn("worker", self.mill.address, &[]));
    }

    fn peek(&self, role: Role, number: usize) -> Option<&Server> {
        match role {
            Role::Gateway => self.gateways[number].as_ref(),
            Role::Relay => self.relays[number].as_ref(),
            Role::Worker => self.workers[number].as_ref(),
        }
    }

    /// A process that runs, by its role and number; `None` when it is down.
    fn slot(&mut self, role: Role, number: usize) -> &mut Option<Server> {
        match role {
            Role::Gateway => &mut self.gateways[number],
            Role::Relay => &mut self.relays[number],
            Role::Worker => &mut self.workers[number],
        }
    }

    /// A process that runs.
    ///
    /// # Panics
    /// When it is down.
    pub fn process(&mut self, role: Role, number: usize) -> &mut Server {
        self.slot(role, number).as_mut().expect("it runs")
    }

    /// `kill -9`.
    pub fn kill(&mut self, role: Role, number: usize) {
        self.slot(role, number).take().expect("it runs").kill();
    }

    /// SIGTERM, and waits for the end of the drain.
    ///
    /// # Panics
    /// When it ends badly, or not in time.
    pub async fn terminate(&mut self, role: Role, number: usize) {
        let mut process = self.slot(role, number).take().expect("it runs");
        let status = process.terminate().await;
        assert!(status.success(), "{role:?} {number} ended with {status}");
    }

    /// Whether a process has ended by itself; it is forgotten then, so that it can be started again.
    pub fn has_ended(&mut self, role: Role, number: usize) -> bool {
        let slot = self.slot(role, number);
        let ended = slot.as_mut().is_none_or(Server::has_ended);
        if ended {
            *slot = None;
        }
        ended
    }

    /// What `/readyz` of a process says, once it answers.
    pub async fn readiness(&self, role: Role, number: usize) -> Option<Value> {
        let address = self.peek(role, number)?.address();
        let reply = Mill { address }.connect_if_there().await?.get("/readyz").await.ok()?;
        Some(reply.json())
    }

    /// A metric of a process: its labels as they are written, and their values.
    pub async fn metrics(&self, role: Role, number: usize, name: &str) -> Vec<(String, f64)> {
        let address = self.peek(role, number).expect("it runs").address();
        let text = Mill { address }.get("/metrics").await.text();
        let of = |line: &str| {
            let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
            Some((labels.to_owned(), value.parse().ok()?))
        };
        text.lines().filter_map(of).collect()
    }

    /// A metric of a process, summed over its labels that hold `with`.
    pub async fn metric(&self, role: Role, number: usize, name: &str, with: &str) -> f64 {
        let all = self.metrics(role, number, name).await;
        all.into_iter().filter(|(labels, _)| labels.contains(with)).map(|(_, value)| value).sum()
    }

    /// Another mill: the gateway with this number.
    pub fn at_gateway(&mut self, number: usize) -> Mill {
        Mill { address: self.process(Role::Gateway, number).address() }
    }

    pub fn kafka(&self) -> &Kafka {
        &self.kafka
    }

    /// Its brokers, to be killed.
    pub fn kafka_mut(&mut self) -> &mut Kafka {
        &mut self.kafka
    }

    pub fn redis(&self, number: usize) -> &Redis {
        &self.redis[number]
    }

    /// A Redis, to be killed.
    pub fn redis_mut(&mut self, number: usize) -> &mut Redis {
        &mut self.redis[number]
    }

    /// All that the processes logged so far.
    pub fn said(&self) -> String {
        self.processes.said(usize::MAX)
    }

    /// Says that work may be left behind when the world ends.
    pub fn leaves_work(&mut self) {
        self.leaves_work = true;
    }
}

/// The roles of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Gateway,
    Relay,
    Worker,
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], free_port()).into()
}

impl Watched for ClusterWorld {
    fn executions(&self) -> Vec<Executions> {
        self.processes.executions()
    }
}

impl Deref for ClusterWorld {
    type Target = Mill;

    fn deref(&self) -> &Mill {
        &self.mill
    }
}

impl Drop for ClusterWorld {
    fn drop(&mut self) {
        self.processes.close(&self.mill, self.leaves_work || self.gateways[0].is_none());
    }
}
