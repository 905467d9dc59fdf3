//! A bound on the bytes that requests hold at once, from their first byte read until the log has answered: what does
//! not fit is refused at once instead of piling up.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may be held at once. Cheap to clone; clones share the bytes.
#[derive(Clone, Debug)]
pub struct Budget {
    free: Arc<Semaphore>,
    capacity: usize,
}

/// Bytes held by one request; given back when it is dropped.
#[derive(Debug)]
pub struct Hold {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
}

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gateway already holds as many bytes as it may ({capacity}) for jobs that are being stored")]
pub struct Busy {
    /// The bytes that may be held at once.
    pub capacity: usize,
}

impl Budget {
    /// A budget of `capacity` bytes. It must be larger than the largest body that is accepted; a request that wants
    /// more than all of it gets all of it.
    pub fn new(capacity: usize) -> Self {
        // A permit is counted in 32 bits when it is acquired.
        let capacity = capacity.min(u32::MAX as usize);
        Self { free: Arc::new(Semaphore::new(capacity)), capacity }
    }

    /// A hold of nothing yet.
    pub fn hold(&self) -> Hold {
        Hold { budget: self.clone(), permit: None }
    }
}

impl Hold {
    /// Holds `bytes` more, or answers that they are not free now.
    ///
    /// # Errors
    /// When they are not free.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Busy> {
        let wanted = self.wanted(bytes);
        if wanted == 0 {
            return Ok(());
        }
        let free = Arc::clone(&self.budget.free);
        let permit =
            free.try_acquire_many_owned(wanted).map_err(|_| Busy { capacity: self.budget.capacity })?;
        self.keep(permit);
        Ok(())
    }

    /// Holds `bytes` more as soon as they are free.
    pub async fn grow_when_free(&mut self, bytes: usize) {
        let wanted = self.wanted(bytes);
        // The semaphore is never closed, so this always succeeds.
        if let Ok(permit) = Arc::clone(&self.budget.free).acquire_many_owned(wanted).await {
            self.keep(permit);
        }
    }

    /// Parts with everything held so far, so that it can be given back on its own.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self { budget: self.budget.clone(), permit: self.permit.take() }
    }

    fn wanted(&self, bytes: usize) -> u32 {
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        // Fits: the capacity does.
        u32::try_from(bytes.min(self.budget.capacity.saturating_sub(held))).unwrap_or(u32::MAX)
    }

    fn keep(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
    }
}

#[cfg(test)]
mod tests;
