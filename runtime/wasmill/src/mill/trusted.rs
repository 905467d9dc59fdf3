//! Stores that a process waits for: whether they may be worked with, and the pauses between questions.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Whether a store may be worked with. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Trusted(watch::Receiver<bool>);

/// What says so. Dropped before, it means that the process stops.
#[derive(Debug)]
pub(super) struct Trust(watch::Sender<bool>);

/// The first pause; each later one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// Short enough that work goes on at once, for people, when the trouble is over.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Trusted {
    /// Of a store that nobody has to wait for.
    pub(super) fn at_once() -> Self {
        Self(watch::channel(true).1)
    }

    /// Of a store that is waited for.
    pub(super) fn later() -> (Trust, Self) {
        let (trust, trusted) = watch::channel(false);
        (Trust(trust), Self(trusted))
    }

    /// Resolves when the store may be worked with, or with `false` when the process stops before.
    pub(super) async fn or_stopped(mut self, stop: &CancellationToken) -> bool {
        tokio::select! {
            // An error means that nobody waits for the store any more: the process stops.
            trusted = self.0.wait_for(|trusted| *trusted) => trusted.is_ok(),
            () = stop.cancelled() => false,
        }
    }
}

impl Trust {
    /// From now on.
    pub(super) fn give(self) {
        self.0.send_replace(true);
    }
}

/// The pause after `tries` failed tries: doubling, moved down by up to a half, so that many processes do not come back at
/// the same moment. `jitter` is a random number in 0..1.
pub(super) fn pause(tries: u32, jitter: f64) -> Duration {
    let plain = PAUSE_FIRST.saturating_mul(1 << tries.min(20)).min(PAUSE_MAX);
    plain.mul_f64(1.0 - 0.5 * jitter.clamp(0.0, 1.0))
}
