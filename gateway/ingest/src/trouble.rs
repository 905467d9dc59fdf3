//! Trouble with the queue, told once: a log line when it begins or changes and one when it is over, however many requests
//! lie between.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use wasmill_queue::QueueError;

/// The present trouble, if any.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    is_on: AtomicBool,
    /// As it was told last.
    told: Mutex<Option<QueueError>>,
}

impl Trouble {
    /// Notes how the queue answered, and passes that on. Cost while all is well: one atomic read.
    pub(crate) fn note<T>(&self, answer: Result<T, QueueError>) -> Result<T, QueueError> {
        match &answer {
            Ok(_) if self.is_on.load(Ordering::Relaxed) => self.over(),
            Ok(_) => {}
            Err(error) => self.met(error),
        }
        answer
    }

    fn met(&self, error: &QueueError) {
        // A poisoned lock still holds a whole sentence.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() != Some(error) {
            tracing::warn!("requests are answered 503: {error}");
            *told = Some(error.clone());
            self.is_on.store(true, Ordering::Relaxed);
        }
    }

    fn over(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.take().is_some() {
            tracing::info!("the queue answers again");
            self.is_on.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
