//! The world of the embedded profile: one server on one folder, killed and started again as a test likes.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{DEADLINE, Executions, JobRef, Mill, Server, executions, free_port, until};

/// A server on a folder of its own, told what to do in the words of [`Mill`]. When it is dropped with work left behind, the test fails.
pub struct World {
    folder: TempDir,
    data: PathBuf,
    mill: Mill,
    environment: Vec<(String, String)>,
    server: Option<Server>,
    /// How many servers have run on this folder.
    incarnations: usize,
    leaves_work: bool,
}

impl World {
    /// A world whose server runs on an empty folder.
    pub async fn start() -> Self {
        Self::start_with(None, &[]).await
    }

    /// A world with its data in a given folder (a small disk, say) and settings from the environment.
    pub async fn start_with(data: Option<&Path>, environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let data = data.map_or_else(|| folder.path().join("data"), Path::to_owned);
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut world = Self {
            folder,
            data,
            mill: Mill { address: ([127, 0, 0, 1], free_port()).into() },
            environment,
            server: None,
            incarnations: 0,
            leaves_work: false,
        };
        world.restart().await;
        world
    }

    /// Starts the server if none runs, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.incarnations += 1;
        let mut server = Server::spawn(&self.data, self.mill.address, &self.log_path(), &self.environment);
        server.ready().await;
        self.server = Some(server);
    }

    /// The running server.
    ///
    /// # Panics
    /// When it was stopped.
    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the server runs")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server().kill();
        self.server = None;
    }

    /// SIGTERM; the drain must end well.
    ///
    /// # Panics
    /// When the exit code is not 0.
    pub async fn stop(&mut self) {
        let status = self.server().terminate().await;
        self.server = None;
        assert!(status.success(), "the drain ended with {status}\n{}", self.log_tail());
    }

    /// The folder with the server's data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file with everything the server that runs, or ran last, has printed.
    pub fn log_path(&self) -> PathBuf {
        self.log_of(self.incarnations)
    }

    /// What each server of this world has executed, in the order of their lives.
    pub fn executions(&self) -> Vec<Executions> {
        (1..=self.incarnations).map(|incarnation| executions(&self.log_of(incarnation))).collect()
    }

    /// Waits until the server that runs has started this job, and answers in which process: its own, or a child of it.
    /// The world must be one that tells ([`TELLING`](crate::TELLING)).
    pub async fn runs_in(&self, job: &JobRef) -> u32 {
        until(&format!("job {} runs", job.id), DEADLINE, || async {
            executions(&self.log_path()).pids.get(&job.id)?.last().copied()
        })
        .await
    }

    fn log_of(&self, incarnation: usize) -> PathBuf {
        self.folder.path().join(format!("server-{incarnation}.log"))
    }

    /// What that server printed last.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Says that work may be left behind when the world ends.
    pub fn leaves_work(&mut self) {
        self.leaves_work = true;
    }
}

impl Deref for World {
    type Target = Mill;

    fn deref(&self) -> &Mill {
        &self.mill
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's last words:\n{}", self.log_tail());
            return;
        }
        if self.leaves_work || self.server.is_none() {
            return;
        }
        // A runtime of its own on a thread of its own: the test's runtime cannot be blocked from inside.
        let drained = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(self.drained(DEADLINE));
        };
        let ended = std::thread::scope(|scope| scope.spawn(drained).join());
        assert!(ended.is_ok(), "the test left work behind");
    }
}
