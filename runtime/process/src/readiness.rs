//! Whether a process may be sent work: each part holds a latch until it can, and a drain says no again, before
//! anything stops.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// Whether the process may be sent work. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readiness {
    state: Arc<watch::Sender<State>>,
}

/// Held by a part that is not ready yet. A latch that is dropped without [`Latch::release`] stays closed: a part that
/// failed to start is not ready.
#[derive(Debug)]
#[must_use = "a latch that is dropped stays closed for ever"]
pub struct Latch {
    number: u64,
    readiness: Readiness,
}

/// What to answer on `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Ready,
    /// The parts it still waits for, in the order in which they began; behind a name and a colon the reason, if one is
    /// known.
    Waiting(Vec<String>),
    /// It was asked to stop: no new work, please.
    Draining,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Wait>,
    latches: u64,
    draining: bool,
    remarks: Vec<String>,
}

/// A part that is not ready.
#[derive(Debug)]
struct Wait {
    number: u64,
    name: &'static str,
    reason: Option<String>,
}

impl Readiness {
    /// Ready from the start, until a part takes a latch.
    pub fn new() -> Self {
        Self { state: Arc::new(watch::Sender::new(State::default())) }
    }

    /// A latch for the part `name`; not ready until it is released. Take all of them before the first part starts.
    pub fn latch(&self, name: &'static str) -> Latch {
        let mut number = 0;
        self.state.send_modify(|state| {
            number = state.latches;
            state.latches += 1;
            state.waiting.push(Wait { number, name, reason: None });
        });
        Latch { number, readiness: self.clone() }
    }

    /// Not ready any more, for good.
    pub fn drain(&self) {
        self.state.send_modify(|state| state.draining = true);
    }

    /// What whoever asks should know although work may be sent; takes the place of what was remarked before.
    pub fn remark(&self, remarks: Vec<String>) {
        self.state.send_if_modified(|state| std::mem::replace(&mut state.remarks, remarks) != state.remarks);
    }

    /// What was remarked last.
    pub fn remarks(&self) -> Vec<String> {
        self.state.borrow().remarks.clone()
    }

    pub fn standing(&self) -> Standing {
        self.state.borrow().standing()
    }

    /// Resolves once every latch is released; never when the process drains before.
    pub async fn ready(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = state.wait_for(|state| state.standing() == Standing::Ready).await;
    }
}

impl Latch {
    /// Says why the part is not ready, in words for whoever looks at `/readyz`; takes the place of what was said before.
    pub fn because(&self, reason: impl Into<String>) {
        let reason = Some(reason.into());
        self.readiness.state.send_modify(|state| {
            if let Some(wait) = state.waiting.iter_mut().find(|wait| wait.number == self.number) {
                wait.reason = reason;
            }
        });
    }

    /// The part is ready.
    pub fn release(self) {
        self.readiness.state.send_modify(|state| state.waiting.retain(|wait| wait.number != self.number));
    }
}

impl State {
    fn standing(&self) -> Standing {
        match self {
            Self { draining: true, .. } => Standing::Draining,
            Self { waiting, .. } if waiting.is_empty() => Standing::Ready,
            Self { waiting, .. } => Standing::Waiting(waiting.iter().map(ToString::to_string).collect()),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "{}: {reason}", self.name),
            None => f.write_str(self.name),
        }
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Waiting(parts) => write!(f, "waiting for {}", parts.join(", ")),
            Self::Draining => f.write_str("draining"),
        }
    }
}

#[cfg(test)]
mod tests;
