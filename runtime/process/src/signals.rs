//! The signals that ask a process to stop: the first for a drain, the second for an end at once. Only `main` acts on
//! them.

use std::fmt;
use std::io;

use tokio::signal::unix::{self, SignalKind};

/// Receives SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

/// A signal that asks the process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Interrupt,
}

impl Signals {
    /// Takes the two signals over: from here on they no longer end the process by themselves. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal. Cancel safe: a signal that comes between two calls is kept.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}

impl Signal {
    /// What a process that this signal ended exits with: 128 and the signal's number, as shells say it.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Terminate => 143,
            Self::Interrupt => 130,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

#[cfg(test)]
mod tests;
