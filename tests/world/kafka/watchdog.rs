//! Kills what a test process leaves behind.
//!
//! A test that is killed runs no destructor, and statics never do. The kernel still closes its pipes: a small shell waits
//! for that, kills the JVMs that are still noted, and removes their folder.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

const SCRIPT: &str = r#"
alive=
while read -r word pid; do
  case $word in
    runs) alive="$alive $pid" ;;
    ended) kept=; for one in $alive; do [ "$one" = "$pid" ] || kept="$kept $one"; done; alive=$kept ;;
  esac
done
for pid in $alive; do kill -9 "$pid"; done
for pid in $alive; do
  # Where nobody reaps orphans, a killed one stays to be seen.
  for try in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" || break; sleep 0.05; done
done
# What is dying may still put a file into a folder that is just being emptied.
tries=0
until rm -rf -- "$0" || [ "$tries" -ge 200 ]; do tries=$((tries + 1)); sleep 0.05; done
"#;

pub(super) struct Watchdog {
    shell: Child,
    /// `None` once it was told to do its work.
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    pub(super) fn over(folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(folder).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C on a terminal reaches the tests, not the one that cleans up behind them.
        let mut shell = command.process_group(0).spawn().unwrap();
        let pipe = shell.stdin.take();
        Self { shell, pipe }
    }

    pub(super) fn runs(&mut self, pid: u32) {
        self.say("runs", pid);
    }

    pub(super) fn ended(&mut self, pid: u32) {
        self.say("ended", pid);
    }

    fn say(&mut self, word: &str, pid: u32) {
        let pipe = self.pipe.as_mut().expect("the watchdog is only ended with its cluster");
        writeln!(pipe, "{word} {pid}").unwrap();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.pipe = None;
        // It cannot fail but by being gone.
        let _ = self.shell.wait();
    }
}
