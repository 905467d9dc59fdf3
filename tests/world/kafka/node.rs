//! One process of a cluster: a JVM on a folder of its own, with the signals that a test sends it.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::signals;

use super::parts;
use super::watchdog::Watchdog;

/// A broker, a controller, or both in one.
pub(super) struct Node {
    pub(super) id: u32,
    port: u16,
    /// The cluster's folder, with one folder for each node.
    cluster: PathBuf,
    state: State,
    /// The log's length when the process that runs, or ran last, was started.
    log_begins: u64,
}

enum State {
    Down,
    Runs(Child),
    /// Stopped by SIGSTOP.
    Frozen(Child),
}

impl Node {
    /// One with an empty data folder that belongs to the cluster with this id, and with these lines of configuration.
    pub(super) fn new(cluster: &Path, cluster_id: &str, id: u32, port: u16, properties: &str) -> Self {
        let node = Self { id, port, cluster: cluster.to_owned(), state: State::Down, log_begins: 0 };
        std::fs::create_dir_all(node.data()).unwrap();
        std::fs::write(node.properties(), properties).unwrap();
        // What `StorageTool format` writes; running it would take each node half as long as the start.
        let meta = format!("version=1\ncluster.id={cluster_id}\nnode.id={id}\n");
        std::fs::write(node.data().join("meta.properties"), meta).unwrap();
        node
    }

    pub(super) fn folder(&self) -> PathBuf {
        folder(&self.cluster, self.id)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    pub(super) fn properties(&self) -> PathBuf {
        self.folder().join("server.properties")
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.folder().join("log")
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Starts the process and waits for nothing.
    pub(super) fn spawn(&mut self, watchdog: &mut Watchdog) {
        assert!(!self.is_up(), "the node {} runs already", self.id);
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        self.log_begins = log.metadata().unwrap().len();
        let mut command = Command::new("java");
        command.args(parts::java(&self.cluster)).arg("kafka.Kafka").arg(self.properties());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("java cannot be started ({error}): install a JDK 17 or newer, such as Debian's default-jdk-headless")
        });
        watchdog.runs(child.id());
        self.state = State::Runs(child);
    }

    pub(super) fn is_up(&self) -> bool {
        !matches!(self.state, State::Down)
    }

    /// Up, and not frozen.
    pub(super) fn runs(&self) -> bool {
        matches!(self.state, State::Runs(_))
    }

    pub(super) fn pid(&self) -> u32 {
        self.child().id()
    }

    fn child(&self) -> &Child {
        match &self.state {
            State::Runs(child) | State::Frozen(child) => child,
            State::Down => panic!("the node {} is down", self.id),
        }
    }

    /// Whether the process ended by itself; the node is down then.
    pub(super) fn ended(&mut self, watchdog: &mut Watchdog) -> Option<ExitStatus> {
        let State::Runs(child) = &mut self.state else { return None };
        let status = child.try_wait().unwrap()?;
        watchdog.ended(child.id());
        self.state = State::Down;
        Some(status)
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) fn kill(&mut self, watchdog: &mut Watchdog) {
        if let State::Runs(mut child) | State::Frozen(mut child) =
            std::mem::replace(&mut self.state, State::Down)
        {
            // An error means that it is gone already.
            let _ = child.kill();
            let _ = child.wait();
            watchdog.ended(child.id());
        }
    }

    pub(super) fn terminate(&self) {
        signals::terminate(self.child());
    }

    pub(super) fn freeze(&mut self) {
        let State::Runs(child) = std::mem::replace(&mut self.state, State::Down) else {
            panic!("the node {} does not run", self.id)
        };
        signals::freeze(&child);
        self.state = State::Frozen(child);
    }

    pub(super) fn thaw(&mut self) {
        let State::Frozen(child) = std::mem::replace(&mut self.state, State::Down) else {
            panic!("the node {} is not frozen", self.id)
        };
        signals::thaw(&child);
        self.state = State::Runs(child);
    }

    /// What the process that runs, or ran last, has logged.
    pub(super) fn said(&self) -> String {
        let all = std::fs::read(self.log_path()).unwrap_or_default();
        let begins = usize::try_from(self.log_begins).unwrap().min(all.len());
        String::from_utf8_lossy(&all[begins..]).into_owned()
    }
}

/// Where a node of a cluster keeps its files.
pub(super) fn folder(cluster: &Path, id: u32) -> PathBuf {
    cluster.join(format!("node-{id}"))
}
