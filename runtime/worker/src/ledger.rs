//! Every claim this worker holds, until its settlement is answered: what is renewed, and what is interrupted when a
//! lease is lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use wasmill_queue::ClaimRef;
use wasmill_sandbox::Interrupt;

/// The claims held.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    held: Mutex<HashMap<ClaimRef, Held>>,
    /// Wakes the taker when settlements were piling up.
    eased: Notify,
}

#[derive(Debug)]
struct Held {
    /// Until when the lease surely lasts, by this machine's monotonic clock.
    until: Instant,
    interrupt: Interrupt,
}

/// More claims than this are held only because settlements are not answered: then nothing more is taken.
const HELD_MAX: usize = 4_096;

impl Ledger {
    /// Notes a claim whose lease surely lasts until `until`.
    pub(crate) fn hold(&self, claims: impl IntoIterator<Item = (ClaimRef, Interrupt)>, until: Instant) {
        let claims = claims.into_iter().map(|(claim, interrupt)| (claim, Held { until, interrupt }));
        self.lock().extend(claims);
    }

    /// Forgets claims that are settled.
    pub(crate) fn settled(&self, claims: impl IntoIterator<Item = ClaimRef>) {
        let mut held = self.lock();
        for claim in claims {
            held.remove(&claim);
        }
        if held.len() < HELD_MAX {
            self.eased.notify_one();
        }
    }

    /// The claims to renew.
    pub(crate) fn claims(&self) -> Vec<ClaimRef> {
        self.lock().keys().copied().collect()
    }

    /// Notes which of `asked` were renewed until `until`, and interrupts the jobs of those that are `lost`.
    pub(crate) fn renewed(&self, asked: &[ClaimRef], lost: &[ClaimRef], until: Instant) {
        let mut held = self.lock();
        for claim in asked {
            if let Some(held) = held.get_mut(claim) {
                held.until = until;
            }
        }
        for claim in lost {
            if let Some(held) = held.get_mut(claim) {
                held.interrupt.interrupt();
            }
        }
    }

    /// Interrupts the jobs whose lease has surely run out by `now`: nobody could be asked to renew it. Answers when
    /// the next one runs out.
    pub(crate) fn expire(&self, now: Instant) -> Option<Instant> {
        let held = self.lock();
        held.values().filter(|held| held.until <= now).for_each(|held| held.interrupt.interrupt());
        held.values().map(|held| held.until).filter(|until| *until > now).min()
    }

    /// Interrupts every job.
    pub(crate) fn interrupt_all(&self) {
        self.lock().values().for_each(|held| held.interrupt.interrupt());
    }

    /// Waits until few enough settlements are outstanding to take more. Safe to drop.
    pub(crate) async fn eased(&self) {
        while self.lock().len() >= HELD_MAX {
            self.eased.notified().await;
        }
    }

    /// How many claims are held.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClaimRef, Held>> {
        // Nothing panics while it is held, and the map is whole between any two calls on it.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
