//! The queue in Redis, from the first question to the servers until they are trusted with jobs, and whether they answer from
//! then on. Trouble that passes is waited for; trouble that only a person ends keeps a process from starting.

use std::num::NonZeroU16;
use std::time::Duration;

use metrics::{describe_gauge, gauge};
use wasmill_process::config::{QueueConfig, QueueUrls};
use wasmill_process::{Latch, Part, Readiness};
use wasmill_queue::{Queue, RedisConfig, RedisQueue, RedisServers, RedisStart, RedisStartError, ShardMemory};

use super::trusted::{Trusted, pause};
use crate::failure::{Exit, Failure, Result};

/// How long the question that is under way may take when the process stops.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How often it is looked whether all servers answer.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A server that is away for less is not worth a word: a restart takes as long.
const AWAY_FOR: Duration = Duration::from_secs(3);
const AWAY: &str = "wasmill_queue_server_away";
const FULL: &str = "wasmill_queue_server_full";
const USED: &str = "wasmill_queue_server_used_bytes";
const MAX: &str = "wasmill_queue_server_max_bytes";
/// How often jobs are counted for the metrics: about as often as they are scraped, at the quickest.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// The queue at the configured addresses. Connects to nothing yet.
pub(crate) fn queue(config: &QueueConfig) -> Result<RedisQueue> {
    let settings = RedisConfig {
        main: servers(&config.url, config.shards_in_all()),
        more: config.more.iter().map(|set| servers(&set.url, set.shards_in_all())).collect(),
        name: config.name.clone(),
        dead_max: config.dead_max.get().into(),
    };
    RedisQueue::new(&settings).map_err(|error| refused(&error))
}

fn servers(urls: &QueueUrls, shards: u32) -> RedisServers {
    let servers = urls.iter().map(|url| url.reveal().to_owned()).collect();
    // The configuration holds them below a hundred.
    let shards = u16::try_from(shards).ok().and_then(NonZeroU16::new).unwrap_or(NonZeroU16::MAX);
    RedisServers { servers, shards }
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
    let life = Life { trouble: None, latch: None, watched: Watched::new(queue, readiness, true) };
    match queue.start().await {
        Ok(start) => {
            approve(&start);
            latch.release();
            life.watched.spawn(part);
            Ok(Trusted::at_once())
        }
        Err(error @ RedisStartError::Refused(_)) => Err(refused(&error)),
        Err(error @ RedisStartError::Unavailable(_)) => {
            Ok(Life { trouble: Some(error), latch: Some(latch), ..life }.spawn(part))
        }
    }
}

/// The same for a process that is of use without the queue: nothing waits, and no trouble ends the start. Readiness remarks
/// what does not answer.
pub(super) fn seek(queue: &RedisQueue, readiness: &Readiness, part: &Part) -> Trusted {
    Life { trouble: None, latch: None, watched: Watched::new(queue, readiness, false) }.spawn(part)
}

/// A queue that is waited for, and watched from then on.
struct Life {
    /// What was met already.
    trouble: Option<RedisStartError>,
    latch: Option<Latch>,
    watched: Watched,
}

impl Life {
    fn spawn(self, part: &Part) -> Trusted {
        let (trust, trusted) = Trusted::later();
        let stop = part.token();
        let Self { trouble, latch, watched } = self;
        part.spawn(async move {
            let whole_life = async {
                wait(&watched, trouble, latch).await;
                trust.give();
                watched.run().await;
            };
            stop.run_until_cancelled(whole_life).await;
        });
        trusted
    }
}

/// A queue that was trusted, and whether it answers.
struct Watched {
    queue: RedisQueue,
    readiness: Readiness,
    /// Whether the process is of no use while no server answers.
    is_needed: bool,
    /// Held then.
    latch: Option<Latch>,
}

impl Watched {
    fn new(queue: &RedisQueue, readiness: &Readiness, is_needed: bool) -> Self {
        Self { queue: queue.clone(), readiness: readiness.clone(), is_needed, latch: None }
    }

    fn spawn(self, part: &Part) {
        let stop = part.token();
        part.spawn(async move {
            stop.run_until_cancelled(self.run()).await;
        });
    }

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
        if self.is_needed && !away.is_empty() && away.len() >= self.queue.parts() {
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

/// Shows how many jobs are where, which servers are away and how full the others are, every few seconds. One kind of process does: the
/// one that has the console.
pub(super) fn show_gauges(queue: &RedisQueue, trusted: &Trusted, part: &Part) {
    describe_servers();
    let (queue, trusted, stop) = (queue.clone(), trusted.clone(), part.token());
    part.spawn(async move {
        if !trusted.or_stopped(&stop).await {
            return;
        }
        while tokio::time::timeout(GAUGES_EVERY, stop.cancelled()).await.is_err() {
            // Without an answer the counts stay as they are, and the gauge of the server says why.
            let _ = queue.show_gauges().await;
            show_servers(&queue.memory().await.unwrap_or_default());
        }
    });
}

/// The gauges of each server, of all its shards.
fn show_servers(shards: &[ShardMemory]) {
    for ShardMemory { server, used, max, is_away, is_full, .. } in shards {
        let of = |name: &'static str| gauge!(name, "server" => server.clone());
        let flag = |is: &bool| f64::from(u8::from(*is));
        of(AWAY).set(flag(is_away));
        if *is_away {
            continue;
        }
        of(FULL).set(flag(is_full));
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; exact below 2^53")]
        let bytes = |bytes: u64| bytes as f64;
        of(USED).set(bytes(*used));
        // Without a limit there is nothing to compare with.
        if let Some(max) = max {
            of(MAX).set(bytes(*max));
        }
    }
}

fn describe_servers() {
    describe_gauge!(AWAY, "1 while the server of Redis does not answer within a second");
    describe_gauge!(FULL, "1 while the server takes no new jobs, for want of memory");
    describe_gauge!(USED, "bytes of memory that the server uses");
    describe_gauge!(MAX, "bytes of memory that the server may use; absent without a limit");
}

/// Asks until Redis can be trusted. One that is refused by now is told as an error, and asked again: whoever mends it
/// does not have to start this process anew.
async fn wait(watched: &Watched, mut trouble: Option<RedisStartError>, latch: Option<Latch>) {
    let tell = |trouble: &RedisStartError| {
        match &latch {
            Some(latch) => latch.because(trouble.to_string()),
            None => watched.readiness.remark(vec![trouble.to_string()]),
        }
        match trouble {
            RedisStartError::Unavailable(reason) => tracing::warn!("waiting, and trying again: {reason}"),
            RedisStartError::Refused(reason) => tracing::error!("waiting until somebody mends it: {reason}"),
        }
    };
    let mut tries = 0;
    if let Some(trouble) = &trouble {
        tell(trouble);
        tokio::time::sleep(pause(0, rand::random())).await;
    }
    let start = loop {
        match watched.queue.start().await {
            Ok(start) => break start,
            Err(now) if trouble.as_ref() == Some(&now) => {}
            Err(now) => {
                tell(&now);
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
    match latch {
        Some(latch) => latch.release(),
        None => watched.readiness.remark(Vec::new()),
    }
}

fn approve(start: &RedisStart) {
    tracing::info!(version = start.version, "the queue is in redis");
    start.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    start
        .missing
        .iter()
        .for_each(|missing| tracing::warn!("work begins without a part of the queue: {missing}"));
}

fn refused(error: &RedisStartError) -> Failure {
    Failure::new(Exit::Config, format_args!("{error}."))
}
