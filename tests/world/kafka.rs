//! A real Kafka of the test's own: one broker or three, each a process with a folder and faults of its own.
//!
//! **One broker** is its own controller. **Three brokers** have a controller in a fourth process: if they were controllers
//! themselves, killing two would leave no majority to elect leaders, and every test of replicas (two of three dead, all dead
//! and a stale one back first) would only show that a cluster without controllers stands still. What a cluster of real
//! machines does about its controllers is Kafka's to test, not ours. The controller can be killed too ([`Kafka::CONTROLLER`]).
//!
//! A start takes about two seconds for one broker and five for three on a machine with two cores; a broker uses about
//! 150 MB of memory. Tests that neither kill nor configure it use [`Kafka::shared`].

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use rand::RngExt;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use crate::port::free_port;
use crate::{DEADLINE, until};
use node::Node;
use watchdog::Watchdog;

mod node;
mod parts;
mod security;
mod topics;
mod watchdog;
mod wire;

pub use security::Security;
pub use wire::Partition;

/// A running cluster on loopback. Killed and removed when dropped, and when the test process ends in any other way.
pub struct Kafka {
    /// The brokers by number, from 1; behind them the controller, when it is a process of its own.
    nodes: Vec<Node>,
    brokers: usize,
    cluster_id: String,
    security: Option<Security>,
    watchdog: Watchdog,
    /// Removed by the watchdog, once all processes are gone.
    _folder: TempDir,
}

/// How a start ended.
enum Started {
    Answers,
    PortTaken,
}

impl Kafka {
    /// The number of the controller that a cluster of three has beside its brokers, for kills and starts.
    pub const CONTROLLER: u32 = 100;

    /// Starts one broker or three, and waits until each of them sees all.
    ///
    /// # Panics
    /// When it does not start; with what was logged.
    pub async fn start(brokers: usize) -> Self {
        Self::start_with(brokers, &[]).await
    }

    /// Starts brokers with further lines of `server.properties`; later ones win.
    ///
    /// # Panics
    /// When they do not start; with what was logged.
    pub async fn start_with(brokers: usize, options: &[(&str, &str)]) -> Self {
        Self::start_as(brokers, options, false).await
    }

    /// Starts one broker that also listens with passwords, with TLS, and with both; see [`Kafka::security`].
    ///
    /// # Panics
    /// When it does not start; with what was logged.
    pub async fn start_secured() -> Self {
        Self::start_as(1, &[], true).await
    }

    /// One broker for all tests of this process, started by the first that asks. Topics from [`Kafka::fresh_topic`] and group
    /// names of their own keep the tests apart.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Kafka> = OnceCell::const_new();
        // It is never killed, and not to be taken for dead when the machine stands still for a moment.
        SHARED.get_or_init(|| Self::start_with(1, &[("broker.session.timeout.ms", "60000")])).await
    }

    async fn start_as(brokers: usize, options: &[(&str, &str)], secured: bool) -> Self {
        assert!(brokers == 1 || brokers == 3, "a cluster has one broker or three");
        loop {
            let mut kafka = Self::lay_out(brokers, options, secured).await;
            for node in &mut kafka.nodes {
                node.spawn(&mut kafka.watchdog);
            }
            let all: Vec<u32> = kafka.ids().collect();
            if let Started::Answers = kafka.answer(&all, brokers).await {
                return kafka;
            }
        }
    }

    /// Writes the files of a cluster on ports that are free now.
    async fn lay_out(brokers: usize, options: &[(&str, &str)], secured: bool) -> Self {
        let folder = TempDir::with_prefix("kafka-").unwrap();
        let at = folder.path();
        parts::lay_out(at);
        let security = secured.then(|| Security::new(at));
        // Kafka's own form of a UUID, in its letters; which one does not matter.
        let cluster_id: String = (0..22).map(|_| char::from(rand::rng().random_range(b'a'..=b'p'))).collect();
        let voter = if brokers == 1 { 1 } else { Self::CONTROLLER };
        let (voting, majority) = (free_port(), brokers / 2 + 1);
        let node = |id: u32, roles: &str, port: u16, listeners: &str| {
            let data = node::folder(at, id).join("data");
            let mut text = format!(
                "{}node.id={id}\nprocess.roles={roles}\nlisteners={listeners}\nlog.dirs={}\n\
                 controller.quorum.voters={voter}@127.0.0.1:{voting}\n\
                 default.replication.factor={brokers}\noffsets.topic.replication.factor={brokers}\n\
                 transaction.state.log.replication.factor={brokers}\ntransaction.state.log.min.isr={majority}\n\
                 share.coordinator.state.topic.replication.factor={brokers}\n\
                 share.coordinator.state.topic.min.isr={majority}\n",
                parts::PROPERTIES,
                data.display(),
            );
            text += &security.as_ref().map(Security::properties).unwrap_or_default();
            for (name, value) in options {
                text += &format!("{name}={value}\n");
            }
            Node::new(at, &cluster_id, id, port, &text)
        };
        let controlling = format!("CONTROLLER://127.0.0.1:{voting}");
        let mut nodes = Vec::new();
        for id in 1..=u32::try_from(brokers).unwrap() {
            let port = free_port();
            let mut listeners = format!("PLAINTEXT://127.0.0.1:{port}");
            listeners += &security.as_ref().map(Security::listeners).unwrap_or_default();
            let roles = if brokers == 1 {
                listeners += &format!(",{controlling}");
                "broker,controller"
            } else {
                "broker"
            };
            nodes.push(node(id, roles, port, &listeners));
        }
        if brokers > 1 {
            nodes.push(node(Self::CONTROLLER, "controller", voting, &controlling));
        }
        let voter = nodes.last().unwrap();
        if let Some(security) = &security {
            security.make_keys().await;
            std::fs::remove_file(voter.data().join("meta.properties")).unwrap();
            security.add_users(&cluster_id, &voter.properties()).await;
        } else {
            std::fs::copy(parts::bootstrap(), voter.data().join("bootstrap.checkpoint")).unwrap();
        }
        let watchdog = Watchdog::over(at);
        Self { nodes, brokers, cluster_id, security, watchdog, _folder: folder }
    }

    /// Starts a node again after a kill or a stop, on the same port and folder, and waits until it answers as part of the
    /// cluster. Its replicas may still be behind: [`Kafka::in_sync`]. After a kill it may register only once its former life
    /// is given up: up to 3 s.
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub async fn start_again(&mut self, id: u32) {
        self.start_all_again(&[id]).await;
    }

    /// Starts several nodes at the same time, as [`Kafka::start_again`] does one.
    ///
    /// # Panics
    /// When one of them runs, or does not start.
    pub async fn start_all_again(&mut self, ids: &[u32]) {
        let end = Instant::now() + DEADLINE;
        assert!(ids.iter().all(|id| !self.is_up(*id)), "one of {ids:?} runs already");
        loop {
            for id in ids {
                let place = self.place(*id);
                if !self.nodes[place].is_up() {
                    self.nodes[place].spawn(&mut self.watchdog);
                }
            }
            match self.answer(ids, 1).await {
                Started::Answers => return,
                Started::PortTaken => assert!(Instant::now() < end, "a port of {ids:?} stays taken"),
            }
        }
    }

    /// Waits until these nodes answer, brokers as part of the cluster with so many others.
    async fn answer(&mut self, ids: &[u32], at_least: usize) -> Started {
        let places: Vec<usize> = ids.iter().map(|id| self.place(*id)).collect();
        let asked: Vec<(u32, SocketAddr)> = ids.iter().map(|id| (*id, self.node(*id).address())).collect();
        let cluster_id = self.cluster_id.clone();
        let (nodes, watchdog) = (&mut self.nodes, &mut self.watchdog);
        let answer = until("Kafka answers", DEADLINE * 2, || {
            let ended = places.iter().any(|place| nodes[*place].ended(watchdog).is_some());
            let (asked, cluster_id) = (&asked, &cluster_id);
            async move {
                if ended {
                    return Some(Started::PortTaken);
                }
                for (id, address) in asked {
                    if *id == Self::CONTROLLER {
                        wire::versions(*address).await.ok()?;
                        continue;
                    }
                    let seen = wire::metadata(*address).await.ok()?;
                    // Another Kafka that took the port first would answer too.
                    let ours = seen.cluster == *cluster_id;
                    if !ours || !seen.brokers.contains(id) || seen.brokers.len() < at_least {
                        return None;
                    }
                }
                Some(Started::Answers)
            }
        });
        let answer = timeout(DEADLINE, answer).await;
        let said = || ids.iter().map(|id| self.node(*id).said()).collect::<Vec<_>>().join("\n--\n");
        let answer =
            answer.unwrap_or_else(|_| panic!("Kafka does not answer within {DEADLINE:?}:\n{}", said()));
        if let Started::PortTaken = answer {
            assert!(said().contains("Address already in use"), "Kafka ended while it started:\n{}", said());
        }
        answer
    }

    /// `host:port` of all brokers, with commas between.
    pub fn bootstrap(&self) -> String {
        self.broker_ids().map(|id| self.address(id).to_string()).collect::<Vec<_>>().join(",")
    }

    /// Where a broker listens.
    pub fn address(&self, id: u32) -> SocketAddr {
        self.node(id).address()
    }

    /// The numbers of the brokers, as [`Partition::leader`] says them.
    pub fn broker_ids(&self) -> RangeInclusive<u32> {
        1..=u32::try_from(self.brokers).unwrap()
    }

    /// The secured listeners.
    ///
    /// # Panics
    /// When the cluster was not started by [`Kafka::start_secured`].
    pub fn security(&self) -> &Security {
        self.security.as_ref().expect("started by Kafka::start_secured")
    }

    /// `kill -9`, and waits until it is gone. What was written reaches the disk all the same: the kernel has it.
    pub fn kill(&mut self, id: u32) {
        let place = self.place(id);
        self.nodes[place].kill(&mut self.watchdog);
    }

    /// SIGTERM, and waits until it has ended: a broker hands its partitions over before.
    ///
    /// # Panics
    /// When it does not run, or does not end.
    pub async fn stop(&mut self, id: u32) {
        let place = self.place(id);
        self.nodes[place].terminate();
        let (nodes, watchdog) = (&mut self.nodes, &mut self.watchdog);
        until(&format!("the node {id} has ended"), DEADLINE, || {
            let ended = nodes[place].ended(watchdog);
            async move { ended }
        })
        .await;
    }

    /// SIGSTOP: it keeps its connections, and answers nobody.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pause(&mut self, id: u32) {
        let place = self.place(id);
        self.nodes[place].freeze();
    }

    /// SIGCONT, after [`Kafka::pause`].
    ///
    /// # Panics
    /// When it is not paused.
    pub fn resume(&mut self, id: u32) {
        let place = self.place(id);
        self.nodes[place].thaw();
    }

    /// Whether its process is there, paused or not.
    pub fn is_up(&self, id: u32) -> bool {
        self.node(id).is_up()
    }

    /// The process id.
    ///
    /// # Panics
    /// When it is down.
    pub fn pid(&self, id: u32) -> u32 {
        self.node(id).pid()
    }

    /// The folder with a broker's data (`log.dirs`): one folder for each partition, as `topic-0`.
    pub fn data(&self, id: u32) -> PathBuf {
        self.node(id).data()
    }

    /// The file with everything that a node has logged.
    pub fn log_path(&self, id: u32) -> PathBuf {
        self.node(id).log_path()
    }

    fn ids(&self) -> impl Iterator<Item = u32> {
        self.nodes.iter().map(|node| node.id)
    }

    fn node(&self, id: u32) -> &Node {
        &self.nodes[self.place(id)]
    }

    fn place(&self, id: u32) -> usize {
        let place = self.nodes.iter().position(|node| node.id == id);
        place.unwrap_or_else(|| panic!("the cluster has no node {id}"))
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.kill(&mut self.watchdog);
        }
    }
}

#[cfg(test)]
mod tests;
