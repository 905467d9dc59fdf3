//! The queue in Redis, from the first question to the servers until they are trusted with jobs, and whether they answer from
//! then on. Trouble that passes is waited for; trouble that only a person ends keeps a process from starting.

use std::num::NonZeroU16;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmill_process::config::QueueConfig;
use wasmill_process::{Latch, Part, Readiness};
use wasmill_queue::{Queue, RedisConfig, RedisQueue, RedisStart, RedisStartError};

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
/// How often it is looked whether all servers answer.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A server that is away for less is not worth a word: a restart takes as long.
const AWAY_FOR: Duration = Duration::from_secs(3);
/// How often jobs are counted for the metrics: about as often as they are scraped, at the quickest.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

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

/// The queue at the configured addresses. Connects to nothing yet.
pub(super) fn queue(config: &QueueConfig) -> Result<RedisQueue> {
    let settings = RedisConfig {
        servers: config.url.iter().map(|url| url.reveal().to_owned()).collect(),
        name: config.name.clone(),
        shards: u16::try_from(config.shards_in_all())
            .ok()
            .and_then(NonZeroU16::new)
            .unwrap_or(NonZeroU16::MAX),
        dead_max: config.dead_max.get().into(),
    };
    RedisQueue::new(&settings).map_err(|error| refused(&error))
}

/// Asks Redis whether it can be trusted with jobs. When it cannot be reached, `part` goes on asking, for ever; a latch says
/// why, and the log has one line when the trouble begins or changes, and one when it is over. From then on readiness says
/// what does not answer for more than a few seconds. Where one of several servers answers, work begins.
///
/// # Errors
/// When only a person can end the trouble.
pub(super) async fn trust(
    queue: &RedisQueue,
    readiness: &Readiness,
    latch: Latch,
    part: &Part,
) -> Result<Trusted> {
    let watched = Watched { queue: queue.clone(), readiness: readiness.clone(), latch: None };
    match queue.start().await {
        Ok(start) => {
            approve(&start, latch);
            let stop = part.token();
            part.spawn(async move {
                stop.run_until_cancelled(watched.run()).await;
            });
            Ok(Trusted::at_once())
        }
        Err(error @ RedisStartError::Refused(_)) => Err(refused(&error)),
        Err(error @ RedisStartError::Unavailable(_)) => {
            let (trust, trusted) = watch::channel(false);
            let (queue, stop) = (queue.clone(), part.token());
            part.spawn(async move {
                let whole_life = async {
                    wait(queue, error, latch).await;
                    trust.send_replace(true);
                    watched.run().await;
                };
                stop.run_until_cancelled(whole_life).await;
            });
            Ok(Trusted(trusted))
        }
    }
}

/// A queue that was trusted, and whether it answers.
struct Watched {
    queue: RedisQueue,
    readiness: Readiness,
    /// Held while no server does.
    latch: Option<Latch>,
}

impl Watched {
    /// Looks each second. What calls have found is enough: a worker sweeps each second, a gateway shows gauges.
    async fn run(mut self) {
        let mut before = Vec::new();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut away = self.queue.away(AWAY_FOR);
            if away.is_empty() && !before.is_empty() {
                // Whoever comes back may have been set up differently.
                away = match self.queue.start().await {
                    Ok(start) => start.missing,
                    Err(error) => vec![error.to_string()],
                };
            }
            if away != before {
                match &away[..] {
                    [] => tracing::info!("redis answers again"),
                    _ => tracing::warn!("redis does not answer: {}", away.join("; ")),
                }
            }
            self.tell(&away);
            before = away;
        }
    }

    /// Without any server nothing can be done; without one of several the others go on, and this is a remark.
    fn tell(&mut self, away: &[String]) {
        if !away.is_empty() && away.len() >= self.queue.parts() {
            let latch = self.latch.get_or_insert_with(|| self.readiness.latch("redis"));
            latch.because(away.join("; "));
            return self.readiness.remark(Vec::new());
        }
        if let Some(latch) = self.latch.take() {
            latch.release();
        }
        self.readiness.remark(away.to_vec());
    }
}

/// Shows how many jobs are where, every few seconds. One kind of process does: the one that has the console.
pub(super) fn show_gauges(queue: &RedisQueue, trusted: &Trusted, part: &Part) {
    let (queue, trusted, stop) = (queue.clone(), trusted.clone(), part.token());
    part.spawn(async move {
        if !trusted.or_stopped(&stop).await {
            return;
        }
        // Without an answer the gauges stay as they are, and readiness says why.
        while tokio::time::timeout(GAUGES_EVERY, stop.cancelled()).await.is_err() {
            let _ = queue.show_gauges().await;
        }
    });
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
    start
        .missing
        .iter()
        .for_each(|missing| tracing::warn!("work begins without a part of the queue: {missing}"));
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
