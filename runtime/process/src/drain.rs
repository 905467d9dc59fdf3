//! Stops a process part by part, each within its grace, and says aloud which part did not stop in time.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The parts of a process, in the order in which they stop: the one that lets work in first, the one that others need
/// last.
#[derive(Debug)]
pub struct Drain {
    parts: Vec<Member>,
    fallen: mpsc::UnboundedReceiver<&'static str>,
    fell: mpsc::UnboundedSender<&'static str>,
}

/// One part's side: its tasks, and the token that tells them to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Part {
    name: &'static str,
    token: CancellationToken,
    tasks: TaskTracker,
    fell: mpsc::UnboundedSender<&'static str>,
}

/// Parts that did not stop within their grace; they were left running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} did not stop in time", .0.join(", "))]
pub struct Late(pub Vec<&'static str>);

#[derive(Debug)]
struct Member {
    part: Part,
    grace: Duration,
}

/// Tells, when it is dropped before the drain, that a task ended which should have gone on: also when it panicked.
struct Watch {
    part: Part,
}

impl Drain {
    pub fn new() -> Self {
        let (fell, fallen) = mpsc::unbounded_channel();
        Self { parts: Vec::new(), fallen, fell }
    }

    /// Adds a part that stops after those added before it, and may take `grace` for it.
    pub fn part(&mut self, name: &'static str, grace: Duration) -> Part {
        let (token, tasks) = (CancellationToken::new(), TaskTracker::new());
        let part = Part { name, token, tasks, fell: self.fell.clone() };
        self.parts.push(Member { part: part.clone(), grace });
        part
    }

    /// Resolves with the name of a part when a task that it keeps has ended before the drain.
    pub async fn fallen(&mut self) -> &'static str {
        match self.fallen.recv().await {
            Some(name) => name,
            // Not reached: this holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Stops every part in order: cancels its token and waits for its tasks, at most for its grace.
    ///
    /// # Errors
    /// Names the parts that were late. Each has also been logged when its grace was over.
    pub async fn run(self) -> Result<(), Late> {
        let mut late = Vec::new();
        for Member { part, grace } in self.parts {
            tracing::debug!(part = part.name, "stopping");
            part.token.cancel();
            part.tasks.close();
            if tokio::time::timeout(grace, part.tasks.wait()).await.is_err() {
                let (part, tasks, name) = (part.name, part.tasks.len(), part.name);
                tracing::error!(part, tasks, "{name} did not stop within {grace:?} and is left behind");
                late.push(name);
            }
        }
        if late.is_empty() { Ok(()) } else { Err(Late(late)) }
    }
}

impl Part {
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Cancelled when the part is to stop.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs a task that may end whenever it likes; the drain waits for it.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Runs a task that goes on until the part is to stop. If it ends before, [`Drain::fallen`] tells: a process that
    /// goes on without one of its parts helps nobody.
    pub fn keep<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let watch = Watch { part: self.clone() };
        self.tasks.spawn(async move {
            let _watch = watch;
            task.await;
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.part.token.is_cancelled() {
            // Without a receiver the process is ending anyway.
            let _ = self.part.fell.send(self.part.name);
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
