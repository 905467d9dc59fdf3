//! Unit tests of `signals`, on processes that burn what there is.

use std::fs;
use std::process::{Command, Stdio};

use super::{freeze, thaw};

/// What proc(5) calls the state of each thread, behind its name: R runs, S sleeps, T is stopped.
fn states(pid: u32) -> Vec<char> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let stats = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("stat")).unwrap());
    stats.map(|stat| stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()).collect()
}

#[test]
fn what_is_frozen_stands_still_at_once() {
    // Beside more of them than there are processors, a signal reaches a process late.
    let burn =
        || Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
    let mut burning: Vec<_> = (0..8).map(|_| burn()).collect();
    for _ in 0..20 {
        for process in &burning {
            freeze(process);
            assert_eq!(states(process.id()), ['T']);
            thaw(process);
        }
    }
    for process in &mut burning {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[test]
#[should_panic(expected = "ended before it stood still")]
fn nobody_waits_for_a_process_that_ended() {
    let mut ends = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
    while states(ends.id()) != ['Z'] {
        std::thread::yield_now();
    }
    freeze(&ends);
    ends.wait().unwrap();
}
