//! Trouble with the queue, told seldom: of each kind at most a log line every few seconds, with how many requests met it
//! since, and one when it is over, however many requests lie between and however often they change their sentence.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmill_queue::QueueError;

/// The present trouble, if any.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    is_on: AtomicBool,
    met: Mutex<Met>,
}

/// What was met since it began.
#[derive(Debug, Default)]
struct Met {
    requests: u64,
    last: Option<Instant>,
    /// When each kind was told last.
    told: [Option<Instant>; KINDS],
}

/// Unavailable, malformed, closed.
const KINDS: usize = 3;
/// Between two lines about one kind; and so long nothing may be met until it is over, since part of the queue may be in
/// trouble while another part is not.
const EVERY: Duration = Duration::from_secs(5);

impl Trouble {
    /// Notes how the queue answered, and passes that on. Cost while all is well: one atomic read.
    pub(crate) fn note<T>(&self, answer: Result<T, QueueError>) -> Result<T, QueueError> {
        if answer.is_ok() && !self.is_on.load(Ordering::Relaxed) {
            return answer;
        }
        // A poisoned lock still holds whole numbers.
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        match &answer {
            Err(error) => {
                if let Some(requests) = met.meet(error, Instant::now()) {
                    tracing::warn!(requests, "requests are answered 503: {error}");
                }
                self.is_on.store(true, Ordering::Relaxed);
            }
            Ok(_) => {
                if let Some(requests) = met.end(Instant::now()) {
                    tracing::info!(requests, "the queue answers again");
                    self.is_on.store(false, Ordering::Relaxed);
                }
            }
        }
        answer
    }
}

impl Met {
    /// Notes that a request met it; when that is to be told, how many have by now.
    fn meet(&mut self, error: &QueueError, now: Instant) -> Option<u64> {
        self.requests += 1;
        self.last = Some(now);
        let told = &mut self.told[kind(error)];
        if told.is_some_and(|told| now.saturating_duration_since(told) < EVERY) {
            return None;
        }
        *told = Some(now);
        Some(self.requests)
    }

    /// Notes that a request was answered; when the trouble is over by that, how many had met it.
    fn end(&mut self, now: Instant) -> Option<u64> {
        let last = self.last?;
        if now.saturating_duration_since(last) < EVERY {
            return None;
        }
        Some(std::mem::take(self).requests)
    }
}

fn kind(error: &QueueError) -> usize {
    match error {
        QueueError::Unavailable { .. } => 0,
        QueueError::Malformed { .. } => 1,
        QueueError::Closed => 2,
    }
}

#[cfg(test)]
mod tests;
