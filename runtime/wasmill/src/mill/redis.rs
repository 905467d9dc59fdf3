//! The queue in Redis, from the first question to the server until it is trusted with jobs. Trouble that passes is waited
//! for; trouble that only a person ends keeps a process from starting.

use std::num::NonZeroU16;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmill_process::config::QueueConfig;
use wasmill_process::{Latch, Part};
use wasmill_queue::{RedisConfig, RedisQueue, RedisStart, RedisStartError};

use crate::failure::{Exit, Failure, Result};

/// Whether the queue may be worked with. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Trusted(watch::Receiver<bool>);

/// How long the question that is under way may take when the process stops.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The first pause; each later one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// Short enough that work goes on at once, for people, when the trouble is over.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Trusted {
    /// Of a queue that nobody has to wait for.
    pub(super) fn at_once() -> Self {
        Self(watch::channel(true).1)
    }

    /// Resolves when the queue may be worked with, or with `false` when the process stops before.
    pub(super) async fn or_stopped(mut self, stop: &CancellationToken) -> bool {
        tokio::select! {
            // An error means that nobody waits for the queue any more: the process stops.
            trusted = self.0.wait_for(|trusted| *trusted) => trusted.is_ok(),
            () = stop.cancelled() => false,
        }
    }
}

/// The queue at the configured address. Connects to nothing yet.
pub(super) fn queue(config: &QueueConfig) -> Result<RedisQueue> {
    let settings = RedisConfig {
        name: config.name.clone(),
        shards: u16::try_from(config.shards.get()).ok().and_then(NonZeroU16::new).unwrap_or(NonZeroU16::MAX),
        dead_max: config.dead_max.get().into(),
        ..RedisConfig::new(config.url.reveal())
    };
    RedisQueue::new(&settings).map_err(|error| refused(&error))
}

/// Asks Redis whether it can be trusted with jobs. When it cannot be reached, `part` goes on asking, for ever; `latch` says
/// why, and the log has one line when the trouble begins or changes, and one when it is over.
///
/// # Errors
/// When only a person can end the trouble.
pub(super) async fn trust(queue: &RedisQueue, latch: Latch, part: &Part) -> Result<Trusted> {
    match queue.start().await {
        Ok(start) => {
            approve(&start, latch);
            Ok(Trusted::at_once())
        }
        Err(error @ RedisStartError::Refused(_)) => Err(refused(&error)),
        Err(error @ RedisStartError::Unavailable(_)) => {
            let (trust, trusted) = watch::channel(false);
            let (queue, stop) = (queue.clone(), part.token());
            part.spawn(async move {
                tokio::select! {
                    () = wait(queue, error, latch) => drop(trust.send_replace(true)),
                    () = stop.cancelled() => {}
                }
            });
            Ok(Trusted(trusted))
        }
    }
}

/// Asks until Redis can be trusted. One that is refused by now is told as an error, and asked again: whoever mends it
/// does not have to start this process anew.
async fn wait(queue: RedisQueue, mut trouble: RedisStartError, latch: Latch) {
    let mut tries = 0;
    tell(&trouble, &latch);
    let start = loop {
        tokio::time::sleep(pause(tries, rand::random())).await;
        tries += 1;
        match queue.start().await {
            Ok(start) => break start,
            Err(now) if now == trouble => {}
            Err(now) => {
                tell(&now, &latch);
                trouble = now;
            }
        }
    };
    tracing::info!(tries, "redis answers, and work begins");
    approve(&start, latch);
}

fn tell(trouble: &RedisStartError, latch: &Latch) {
    latch.because(trouble.to_string());
    match trouble {
        RedisStartError::Unavailable(reason) => tracing::warn!("waiting, and trying again: {reason}"),
        RedisStartError::Refused(reason) => tracing::error!("waiting until somebody mends it: {reason}"),
    }
}

fn approve(start: &RedisStart, latch: Latch) {
    tracing::info!(version = start.version, "the queue is in redis");
    start.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    latch.release();
}

fn refused(error: &RedisStartError) -> Failure {
    Failure::new(Exit::Config, format_args!("{error}."))
}

/// The pause after `tries` failed tries: doubling, moved down by up to a half, so that many processes do not come back at
/// the same moment. `jitter` is a random number in 0..1.
fn pause(tries: u32, jitter: f64) -> Duration {
    let plain = PAUSE_FIRST.saturating_mul(1 << tries.min(20)).min(PAUSE_MAX);
    plain.mul_f64(1.0 - 0.5 * jitter.clamp(0.0, 1.0))
}
