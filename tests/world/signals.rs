//! The signals that a test sends to the processes it has started.

use std::process::Child;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// SIGTERM.
///
/// # Panics
/// When the process is gone, as each of these does.
pub(crate) fn terminate(child: &Child) {
    kill_process(id(child), Signal::TERM).unwrap();
}

/// SIGSTOP, and waits until each of its threads stands still: `kill` returns before, and what still runs then may answer
/// what is asked next.
pub(crate) fn freeze(child: &Child) {
    let id = id(child);
    kill_process(id, Signal::STOP).unwrap();
    // An end is reported, too, so that nobody waits for a dead process; it is left to whoever waits for the child.
    let states = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(id), states).unwrap();
    assert!(status.is_some_and(|status| status.stopped()), "the process {id:?} ended before it stood still");
}

/// SIGCONT, after [`freeze`].
pub(crate) fn thaw(child: &Child) {
    kill_process(id(child), Signal::CONT).unwrap();
}

fn id(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

#[cfg(test)]
mod tests;
