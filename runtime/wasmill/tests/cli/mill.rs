//! A mill in its own process and its own folder: `wasmill dev` on a free port. Killed when it is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::wasmill::{Said, command};

/// A running mill.
pub(crate) struct Mill {
    child: Child,
    lines: Receiver<String>,
    pub(crate) server: String,
}

/// How long anything may take. Generous: the machine may be busy, and nothing waits this long when all is well.
pub(crate) const WITHIN: Duration = Duration::from_secs(120);

impl Mill {
    /// Starts one on this data folder, and waits until it says that it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        let mut dev = command();
        dev.args(["dev", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        Self::spawn(dev)
    }

    /// Starts this command, and waits until it tells its address.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut mill = Self { child, lines, server: String::new() };
        let line = mill.line("http://");
        mill.server = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        mill
    }

    /// The next line of its standard output that contains `text`.
    #[track_caller]
    pub(crate) fn line(&self, text: &str) -> String {
        let until = Instant::now() + WITHIN;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("no line with `{text}`: {error}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command against it.
    pub(crate) fn wasmill<'a>(&'a self, args: impl IntoIterator<Item = &'a str>) -> Said {
        crate::wasmill::wasmill(args.into_iter().chain(["--server", &self.server]))
    }

    /// Runs a command against it, with this standard input.
    pub(crate) fn wasmill_reading<'a>(
        &'a self,
        args: impl IntoIterator<Item = &'a str>,
        input: &str,
    ) -> Said {
        crate::wasmill::wasmill_reading(args.into_iter().chain(["--server", &self.server]), input)
    }

    /// A page, as it comes.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> String {
        let address = self.server.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Asks until the answer of a command is as wished.
    #[track_caller]
    pub(crate) fn until<'a>(
        &'a self,
        args: impl IntoIterator<Item = &'a str> + Clone,
        wished: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let until = Instant::now() + WITHIN;
        loop {
            let said = self.wasmill(args.clone());
            let answer: serde_json::Value = serde_json::from_str(&said.stdout).unwrap_or_default();
            if wished(&answer) {
                return answer;
            }
            assert!(Instant::now() < until, "not in time: {}\n{}", said.stdout, said.stderr);
            std::thread::yield_now();
        }
    }

    /// Waits until the worker obeys the routing table as it is now: until then it runs what the one before says.
    #[track_caller]
    pub(crate) fn followed(&self) {
        let revision = self.wasmill(["status", "--json"]).ok().json()["revision"].as_u64().unwrap();
        self.until(["workers", "--json"], |list| list["workers"][0]["revision"].as_u64() >= Some(revision));
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.wait()
    }

    /// The same, for one that is replaced by another.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + WITHIN;
        // Its standard output closes with it.
        while self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        assert!(Instant::now() < until, "it goes on");
        self.child.wait().unwrap()
    }
}

impl Drop for Mill {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
