//! A real Redis of the test's own: its port, its folder, its faults.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::time::timeout;

use crate::port::free_port;
use crate::resp::RespConnection;
use crate::{Answer, DEADLINE, signals, until};

/// What every instance runs with; later options win.
const OPTIONS: [(&str, &str); 7] = [
    ("bind", "127.0.0.1"),
    ("protected-mode", "yes"),
    ("appendonly", "yes"),
    ("appendfsync", "everysec"),
    ("save", ""),
    ("maxmemory-policy", "noeviction"),
    ("daemonize", "no"),
];

/// Where Redis 7 keeps its append-only files, in its folder.
const AOF_FOLDER: &str = "appendonlydir";

/// A running Redis on loopback, with an append-only file in a folder of its own. Killed and removed when dropped.
pub struct Redis {
    folder: TempDir,
    port: u16,
    options: Vec<(String, String)>,
    /// `None` while it is down.
    child: Option<Child>,
}

/// How a start ended.
enum Started {
    Answers,
    PortTaken,
}

impl Redis {
    /// Starts one, and waits until it answers.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with further options, as in `redis.conf`, and waits until it answers.
    ///
    /// # Panics
    /// When it does not start; with what it logged.
    pub async fn start_with(options: &[(&str, &str)]) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let options = OPTIONS.into_iter().chain(options.iter().copied()).map(own).collect();
        let folder = TempDir::new().unwrap();
        let mut redis = Self { folder, port: 0, options, child: None };
        loop {
            redis.port = free_port();
            if let Started::Answers = redis.spawn().await {
                return redis;
            }
        }
    }

    /// Starts it again after [`Redis::kill`], on the same port and folder, and waits until it has loaded its data.
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "Redis runs already");
        let end = tokio::time::Instant::now() + DEADLINE;
        while let Started::PortTaken = self.spawn().await {
            assert!(tokio::time::Instant::now() < end, "the port {} stays taken", self.port);
        }
    }

    async fn spawn(&mut self) -> Started {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let begins = log.metadata().unwrap().len();
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--dir"]).arg(self.folder.path());
        for (name, value) in &self.options {
            command.args([&format!("--{name}"), value]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("redis-server cannot be started ({error}): install Debian's package redis-server")
        });
        let pid = child.id();
        let (address, password) = (self.address(), self.password().map(str::to_owned));
        let child = self.child.insert(child);
        let started = until("Redis answers", DEADLINE, || {
            let ended = child.try_wait().unwrap();
            let password = password.as_deref();
            async move {
                if ended.is_some() {
                    return Some(Started::PortTaken);
                }
                // Another Redis that took the port first would answer too.
                let info = ask(address, password, &["INFO", "server"]).await.ok()?;
                let ours = matches!(&info, Answer::Bulk(_))
                    && info.text().contains(&format!("process_id:{pid}\r\n"));
                // While it loads, it answers INFO, but not PING.
                let pong = ask(address, password, &["PING"]).await.ok()?;
                (ours && pong == Answer::Simple("PONG".into())).then_some(Started::Answers)
            }
        })
        .await;
        if let Started::PortTaken = started {
            self.child = None;
            let said = std::fs::read(self.log_path()).unwrap();
            let said = String::from_utf8_lossy(&said[usize::try_from(begins).unwrap()..]).into_owned();
            assert!(said.contains("Address already in use"), "Redis ended while it started:\n{said}");
        }
        started
    }

    /// `redis://…`, with the password if the options have one.
    pub fn url(&self) -> String {
        let secret = self.password().map(|word| format!(":{word}@")).unwrap_or_default();
        format!("redis://{secret}{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The process id of the instance that runs.
    ///
    /// # Panics
    /// When it is down.
    pub fn pid(&self) -> u32 {
        self.child().id()
    }

    /// Waits until the kernel has all that was answered: while Redis syncs its file it may hold that back, for up to two seconds.
    pub async fn handed_over(&self) {
        until("everything is handed over", DEADLINE, || async {
            (self.info("aof_buffer_length").await == "0").then_some(())
        })
        .await;
    }

    /// `kill -9`, and waits until it is gone. What it had not handed to the kernel is lost.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and waits until it has ended: it hands everything to the disk before.
    pub fn end(&mut self) {
        signals::terminate(self.child());
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// SIGSTOP: it keeps its connections, and answers nobody.
    pub fn stop(&self) {
        signals::freeze(self.child());
    }

    /// SIGCONT, after [`Redis::stop`].
    pub fn thaw(&self) {
        signals::thaw(self.child());
    }

    fn child(&self) -> &Child {
        self.child.as_ref().expect("Redis runs")
    }

    /// One command on a connection of its own.
    ///
    /// # Panics
    /// When Redis is not there, or does not answer within the deadline. An error is an answer.
    pub async fn command(&self, words: &[&str]) -> Answer {
        let answer = timeout(DEADLINE, ask(self.address(), self.password(), words)).await;
        answer
            .unwrap_or_else(|_| panic!("{words:?}: no answer within {DEADLINE:?}"))
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// One command that must succeed.
    ///
    /// # Panics
    /// When the answer is an error.
    pub async fn must(&self, words: &[&str]) -> Answer {
        let answer = self.command(words).await;
        assert!(!matches!(answer, Answer::Error(_)), "{words:?}: {}", answer.text());
        answer
    }

    fn password(&self) -> Option<&str> {
        let last = self.options.iter().rev().find(|(option, _)| option == "requirepass");
        last.map(|(_, password)| password.as_str())
    }

    /// `FLUSHALL`: all keys are gone.
    pub async fn flush_all(&self) {
        self.must(&["FLUSHALL"]).await;
    }

    /// `CONFIG SET`, until the next restart.
    pub async fn config_set(&self, name: &str, value: &str) {
        self.must(&["CONFIG", "SET", name, value]).await;
    }

    /// One field of `INFO`, such as `used_memory`.
    ///
    /// # Panics
    /// When there is no such field.
    pub async fn info(&self, field: &str) -> String {
        let info = self.must(&["INFO", "everything"]).await.text();
        let found = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("INFO has no field {field}")).to_owned()
    }

    /// How often each command was called since the start or `CONFIG RESETSTAT`, calls inside scripts included; commands
    /// in small letters, subcommands as `client|list`.
    pub async fn calls(&self) -> BTreeMap<String, u64> {
        let info = self.must(&["INFO", "commandstats"]).await.text();
        let called = info.lines().filter_map(|line| {
            let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), figures.split(',').next()?.parse().ok()?))
        });
        called.collect()
    }

    /// Cuts so many bytes from the end of the append-only file, as a power cut does: the last write is torn. At most
    /// what was written since the file was last rewritten.
    ///
    /// # Panics
    /// When Redis runs, or has no such file.
    pub fn truncate_aof(&self, bytes: u64) {
        assert!(self.child.is_none(), "kill Redis first");
        let folder = self.folder.path().join(AOF_FOLDER);
        let mut tails: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with(".incr.aof"))
            .collect();
        // While it is rewritten there are two; the newer one has the higher number.
        tails.sort_by_key(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.split('.').rev().nth(2).and_then(|number| number.parse::<u64>().ok())
        });
        let tail = OpenOptions::new().write(true).open(tails.last().expect("an append-only file")).unwrap();
        let length = tail.metadata().unwrap().len();
        tail.set_len(length.saturating_sub(bytes)).unwrap();
    }

    /// A copy of what it has on the disk now, as a backup takes it while it runs.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn copy_of_data(&self) -> TempDir {
        let copy = TempDir::new().unwrap();
        let folder = self.folder.path().join(AOF_FOLDER);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // A file that a rewrite has thrown away meanwhile is in no manifest either.
            let _ = std::fs::copy(&path, copy.path().join(path.file_name().unwrap()));
        }
        copy
    }

    /// Puts a copy back in the place of what it has on the disk.
    ///
    /// # Panics
    /// When Redis runs.
    pub fn put_back(&self, copy: &TempDir) {
        assert!(self.child.is_none(), "kill Redis first");
        let folder = self.folder.path().join(AOF_FOLDER);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        for entry in std::fs::read_dir(copy.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }

    /// The file with everything that the instances on this folder have logged.
    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join("redis.log")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn ask(address: SocketAddr, password: Option<&str>, words: &[&str]) -> io::Result<Answer> {
    let mut connection = RespConnection::open(address).await?;
    if let Some(password) = password {
        connection.ask(&["AUTH", password]).await?;
    }
    connection.ask(words).await
}

#[cfg(test)]
mod tests;
