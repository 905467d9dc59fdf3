//! The processes of one `wasmill.toml`, each life of a role with a log file of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::server::binary;
use crate::{DEADLINE, Executions, Mill, Server, TELLING, executions};

/// A folder with a configuration, and what was started with it.
pub(crate) struct Processes {
    folder: TempDir,
    environment: Vec<(String, String)>,
    /// Processes started so far.
    started: usize,
}

/// A mill of several processes whose books can be checked.
pub trait Watched: Deref<Target = Mill> {
    /// What each process of this world has executed, in the order in which they were started.
    fn executions(&self) -> Vec<Executions>;

    /// `wasmill queue check`: proves that each job is in exactly one place. Answers what it found wrong.
    ///
    /// # Errors
    /// When something is.
    fn check_queue(&self) -> Result<(), String> {
        wasmill(&["queue", "check", "--server", &format!("http://{}", self.address())]).map(drop)
    }
}

/// Runs the binary, and answers what it printed.
///
/// # Errors
/// When it ends with another code than 0: all that it said.
///
/// # Panics
/// When it cannot be started.
pub fn wasmill(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(binary()).args(arguments).output().unwrap();
    let [said, complained] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if output.status.success() { Ok(said) } else { Err(said + &complained) }
}

impl Processes {
    /// None yet. With `telling` they tell each attempt: the books need it, benches do not want it.
    pub(crate) fn new(telling: bool) -> Self {
        let telling = TELLING.iter().filter(|_| telling);
        let environment = telling.map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { folder: TempDir::new().unwrap(), environment, started: 0 }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder().join("wasmill.toml")
    }

    /// Starts `wasmill ROLE`, told by `more` variables beside the configuration, and returns before it is ready.
    pub(crate) fn spawn(&mut self, role: &str, address: SocketAddr, more: &[(&str, &str)]) -> Server {
        self.started += 1;
        let log = self.log_of(self.started);
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Vec<_> = self.environment.iter().cloned().chain(more).collect();
        Server::spawn_role(role, &self.config_path(), address, &log, &environment)
    }

    pub(crate) fn executions(&self) -> Vec<Executions> {
        (1..=self.started).map(|number| executions(&self.log_of(number))).collect()
    }

    fn log_of(&self, number: usize) -> PathBuf {
        self.folder().join(format!("process-{number}.log"))
    }

    /// All that the processes logged, attempts left out.
    pub(crate) fn said(&self, lines_max: usize) -> String {
        let mut words = String::new();
        for number in 1..=self.started {
            let text = std::fs::read_to_string(self.log_of(number)).unwrap_or_default();
            let told = |line: &&str| !line.contains("wasmill_worker::attempt");
            let lines: Vec<_> = text.lines().filter(told).collect();
            let tail = lines[lines.len().saturating_sub(lines_max)..].join("\n");
            writeln!(words, "process {number}:\n{tail}").unwrap();
        }
        words
    }

    /// What a world does when it is dropped: the last words when a test has failed, else nothing may be left behind.
    pub(crate) fn close(&self, mill: &Mill, leaves_work: bool) {
        if std::thread::panicking() {
            eprintln!("the processes' last words:\n{}", self.said(15));
            return;
        }
        if leaves_work {
            return;
        }
        // A runtime of its own on a thread of its own: the test's runtime cannot be blocked from inside.
        let drained = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(mill.drained(DEADLINE));
        };
        let ended = std::thread::scope(|scope| scope.spawn(drained).join());
        assert!(ended.is_ok(), "the test left work behind");
    }
}
