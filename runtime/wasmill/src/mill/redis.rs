//! The queue in Redis, from the first question to the server until it is trusted with jobs. Trouble that passes is waited
//! for; trouble that only a person ends keeps a process from starting.

use std::num::NonZeroU16;
use std::time::Duration;

use wasmill_process::config::QueueConfig;
use wasmill_process::{Latch, Part};
use wasmill_queue::{RedisConfig, RedisQueue, RedisStart, RedisStartError};

use super::trusted::{Trusted, pause};
use crate::failure::{Exit, Failure, Result};

/// How long the question that is under way may take when the process stops.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The queue at the configured address. Connects to nothing yet.
pub(crate) fn queue(config: &QueueConfig) -> Result<RedisQueue> {
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
            approve(&start);
            latch.release();
            Ok(Trusted::at_once())
        }
        Err(error @ RedisStartError::Refused(_)) => Err(refused(&error)),
        Err(error @ RedisStartError::Unavailable(_)) => Ok(follow(queue, Some(error), Some(latch), part)),
    }
}

/// The same for a process that is of use without the queue: nothing waits, and no trouble ends the start.
pub(super) fn seek(queue: &RedisQueue, part: &Part) -> Trusted {
    follow(queue, None, None, part)
}

fn follow(
    queue: &RedisQueue,
    trouble: Option<RedisStartError>,
    latch: Option<Latch>,
    part: &Part,
) -> Trusted {
    let (trust, trusted) = Trusted::later();
    let (queue, stop) = (queue.clone(), part.token());
    part.spawn(async move {
        tokio::select! {
            () = wait(queue, trouble, latch) => trust.give(),
            () = stop.cancelled() => {}
        }
    });
    trusted
}

/// Asks until Redis can be trusted. One that is refused by now is told as an error, and asked again: whoever mends it
/// does not have to start this process anew.
async fn wait(queue: RedisQueue, mut trouble: Option<RedisStartError>, latch: Option<Latch>) {
    let mut tries = 0;
    if let Some(trouble) = &trouble {
        tell(trouble, latch.as_ref());
        tokio::time::sleep(pause(0, rand::random())).await;
    }
    let start = loop {
        match queue.start().await {
            Ok(start) => break start,
            Err(now) if trouble.as_ref() == Some(&now) => {}
            Err(now) => {
                tell(&now, latch.as_ref());
                trouble = Some(now);
            }
        }
        tries += 1;
        tokio::time::sleep(pause(tries, rand::random())).await;
    };
    if trouble.is_some() {
        tracing::info!(tries, "redis answers, and work begins");
    }
    approve(&start);
    if let Some(latch) = latch {
        latch.release();
    }
}

fn tell(trouble: &RedisStartError, latch: Option<&Latch>) {
    if let Some(latch) = latch {
        latch.because(trouble.to_string());
    }
    match trouble {
        RedisStartError::Unavailable(reason) => tracing::warn!("waiting, and trying again: {reason}"),
        RedisStartError::Refused(reason) => tracing::error!("waiting until somebody mends it: {reason}"),
    }
}

fn approve(start: &RedisStart) {
    tracing::info!(version = start.version, "the queue is in redis");
    start.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
}

fn refused(error: &RedisStartError) -> Failure {
    Failure::new(Exit::Config, format_args!("{error}."))
}
