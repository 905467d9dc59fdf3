//! When whoever follows the artifact store looks again: at each tick, and at once when nudged.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Interval, MissedTickBehavior};

/// The moments of looking.
pub(crate) struct Ticks {
    tick: Interval,
    nudge: Arc<Notify>,
}

impl Ticks {
    /// The first one is now. Must be called inside a tokio runtime.
    pub(crate) fn every(span: Duration, nudge: Arc<Notify>) -> Self {
        let mut tick = tokio::time::interval(span);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { tick, nudge }
    }

    /// Waits for the next one; `false` when nobody follows any more what is sent here.
    pub(crate) async fn next<T>(&mut self, followed: &watch::Sender<T>) -> bool {
        tokio::select! {
            _ = self.tick.tick() => true,
            () = self.nudge.notified() => true,
            () = followed.closed() => false,
        }
    }
}
