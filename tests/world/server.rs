//! A server process: the real binary, started, killed, frozen and ended as an operating system does it.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::{Connection, DEADLINE, signals, until};

/// A running process of the binary. Killed when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

/// The binary, beside the test that runs: both stand in one target folder.
///
/// # Panics
/// When it has not been built.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folders = test.ancestors().skip(1).take(2);
    let candidates: Vec<_> = folders.map(|folder| folder.join("wasmill")).collect();
    candidates
        .iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("none of {candidates:?} exists; run `cargo build --release -p wasmill` first")
        })
        .clone()
}

impl Server {
    /// Starts `wasmill dev` on `data` and `address`, with its log appended to `log`, and returns before it is ready.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn spawn(data: &Path, address: SocketAddr, log: &Path, environment: &[(String, String)]) -> Self {
        let mut command = Command::new(binary());
        command.args(["dev", "--data"]).arg(data).args(["--listen", &address.to_string()]);
        Self::run(command, address, log, environment)
    }

    /// Starts `wasmill ROLE --config FILE`, and returns before it is ready. `address` is where the file says that the
    /// role listens.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn spawn_role(
        role: &str,
        config: &Path,
        address: SocketAddr,
        log: &Path,
        environment: &[(String, String)],
    ) -> Self {
        let mut command = Command::new(binary());
        command.args([role, "--config"]).arg(config);
        Self::run(command, address, log, environment)
    }

    fn run(mut command: Command, address: SocketAddr, log: &Path, environment: &[(String, String)]) -> Self {
        let log: File = OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { child: command.spawn().unwrap(), address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it says it is ready.
    ///
    /// # Panics
    /// When it ends, or is not ready within the deadline.
    pub async fn ready(&mut self) {
        let address = self.address;
        let child = &mut self.child;
        until("the server becomes ready", DEADLINE, || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended while it started: {ended:?}");
            async move {
                let reply = Connection::open(address).await.ok()?.get("/readyz").await.ok()?;
                (reply.status == 200).then_some(())
            }
        })
        .await;
    }

    /// SIGSTOP: none of its threads runs any more.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn freeze(&self) {
        signals::freeze(&self.child);
    }

    /// SIGCONT, after [`Server::freeze`].
    ///
    /// # Panics
    /// When the process is gone.
    pub fn thaw(&self) {
        signals::thaw(&self.child);
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for the end of the drain.
    ///
    /// # Panics
    /// When it does not end within the deadline.
    pub async fn terminate(&mut self) -> ExitStatus {
        signals::terminate(&self.child);
        self.ended(DEADLINE).await
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// When it does not end within `deadline`.
    pub async fn ended(&mut self, deadline: Duration) -> ExitStatus {
        let child = &mut self.child;
        until("the server ends", deadline, || std::future::ready(child.try_wait().unwrap())).await
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The process id, for whoever wants to look at it from outside.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
