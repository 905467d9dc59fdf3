#![allow(clippy::unwrap_used)]
//! Real signals, sent to child processes: this test program, started again with a variable that picks a role.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::*;

const ROLE: &str = "SIGNALS_TEST_ROLE";

/// This test, run as a process of its own that waits for signals.
struct Stage {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Stage {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "signals::tests::the_process_that_is_signalled", "--nocapture"])
            .env(ROLE, "signalled")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Reads on until the child says `line`.
    fn until(&mut self, line: &str) {
        let said = self.output.by_ref().lines().map(Result::unwrap).any(|said| said.ends_with(line));
        assert!(said, "the child ended without saying {line}");
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn end(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn signals_are_told_one_after_the_other() {
    let mut stage = Stage::start();
    stage.until("listening");
    stage.send("-TERM");
    stage.until("SIGTERM 143");
    stage.send("-INT");
    stage.until("SIGINT 130");
    stage.end();
}

/// The body of the child; passes at once when it is run as a test.
#[test]
fn the_process_that_is_signalled() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let say = |line: &str| writeln!(std::io::stdout(), "{line}").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut signals = Signals::new().unwrap();
        say("listening");
        for _ in 0..2 {
            let signal = signals.next().await;
            say(&format!("{signal} {}", signal.exit_code()));
        }
    });
}
