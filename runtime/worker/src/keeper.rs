//! Keeps the leases of all claims held. Runs beside the slots and never on their threads, so that no handler can
//! starve it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wasmill_queue::Queue;

use crate::ledger::Ledger;
use crate::trouble::Trouble;

/// Renews leases.
#[derive(Clone)]
pub(crate) struct Keeper<Q> {
    pub(crate) queue: Q,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) lease: Duration,
}

impl<Q: Queue> Keeper<Q> {
    /// Works until `stop`, which comes when nothing is held any more.
    pub(crate) async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = self.renew() => {}
            () = self.expire() => {}
            () = stop.cancelled() => {}
        }
    }

    /// Each part of the queue for itself: one that is away holds no others up.
    async fn renew(&self) {
        let mut parts = JoinSet::new();
        for part in 0..self.queue.parts() {
            let keeper = self.clone();
            parts.spawn(async move { keeper.renew_in(part).await });
        }
        // None of them ends by itself; they end with this future.
        let _ = parts.join_next().await;
    }

    /// Every third of a lease: renews all claims and interrupts the lost ones. One renewal may fail, and a second,
    /// before any lease runs out.
    async fn renew_in(&self, part: usize) {
        let mut trouble = Trouble::new("renewing leases");
        loop {
            tokio::time::sleep(self.lease / 3).await;
            // Trouble is met with quicker tries: the leases are running out.
            while let Err(pause) = self.renew_once(part, &mut trouble).await {
                tokio::time::sleep(pause.min(self.lease / 6)).await;
            }
        }
    }

    /// Renews all claims, or answers how long to pause.
    async fn renew_once(&self, part: usize, trouble: &mut Trouble) -> Result<(), Duration> {
        let mut claims = self.ledger.claims();
        claims.retain(|claim| self.queue.part_of(claim.id) == part);
        if claims.is_empty() {
            return Ok(());
        }
        // The queue counts from when it gets the request, which is later.
        let until = Instant::now() + self.lease;
        match self.queue.renew(claims.clone(), self.lease).await {
            Ok(lost) => {
                trouble.over();
                self.ledger.renewed(&claims, &lost, until);
                Ok(())
            }
            Err(error) => Err(trouble.met(&error, rand::random())),
        }
    }

    /// Interrupts jobs whose lease has run out because nobody answered: another worker may have them by now.
    async fn expire(&self) {
        // Claims taken meanwhile last longer than this.
        let longest_sleep = self.lease / 3;
        loop {
            let now = Instant::now();
            let next = self.ledger.expire(now).unwrap_or(now + longest_sleep).min(now + longest_sleep);
            tokio::time::sleep_until(next.into()).await;
        }
    }
}
