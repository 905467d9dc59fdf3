//! Trouble with the queue: how long to pause before the next try, and one log line when it begins and one when it is
//! over, however many tries lie between.

use std::time::Duration;

use wasmill_queue::QueueError;

/// The present trouble of one task, if any.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What the task does, for log lines.
    task: &'static str,
    tries: u32,
}

/// The first pause; each later one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// Short enough that work goes on at once, for people, when the trouble is over.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Trouble {
    pub(crate) fn new(task: &'static str) -> Self {
        Self { task, tries: 0 }
    }

    /// Notes trouble and answers the pause before the next try. `jitter` is a random number in 0..1.
    pub(crate) fn met(&mut self, error: &QueueError, jitter: f64) -> Duration {
        if !self.is_on() {
            tracing::warn!(task = self.task, "waiting, and trying again: {error}");
        }
        let pause = pause(self.tries, jitter);
        self.tries = self.tries.saturating_add(1);
        pause
    }

    /// Whether the last try failed.
    pub(crate) fn is_on(&self) -> bool {
        self.tries > 0
    }

    /// Notes that the queue has answered.
    pub(crate) fn over(&mut self) {
        if self.is_on() {
            tracing::info!(task = self.task, tries = self.tries, "goes on");
            self.tries = 0;
        }
    }
}

/// The pause after `tries` failed tries: doubling, moved down by up to a half, so that many workers do not come back at
/// the same moment.
pub(crate) fn pause(tries: u32, jitter: f64) -> Duration {
    let plain = PAUSE_FIRST.saturating_mul(1 << tries.min(20)).min(PAUSE_MAX);
    plain.mul_f64(1.0 - 0.5 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
