//! The log in Kafka, from the first question to its brokers until they answer and have the mill's topics. Trouble that passes
//! is waited for; trouble that only a person ends keeps a process from starting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use wasmill_catalog::Catalog;
use wasmill_console::MakeTopics;
use wasmill_log::{
    KafkaConfig, KafkaLog, KafkaLogin, KafkaOpenError, KafkaSecurity, KafkaTls, SaslMechanism,
    TopicDifference,
};
use wasmill_process::config::{self, KafkaMechanism};
use wasmill_process::{Latch, Part};

use super::topics::plans;
use super::trusted::{Trust, Trusted, pause};
use crate::failure::{Exit, Failure, Result};

/// What readiness waits for.
pub(super) struct Latches {
    /// The brokers to answer.
    pub(super) brokers: Latch,
    /// The topics of the catalog to be there.
    pub(super) topics: Latch,
}

/// What is watched until it is in order.
struct Watch {
    log: KafkaLog,
    config: config::KafkaConfig,
    catalog: watch::Receiver<Arc<Catalog>>,
}

/// How long the first question may take, of brokers that say nothing: a login that is refused is to be told within it. Those that
/// are away are told sooner.
const FIRST_WITHIN: Duration = Duration::from_secs(10);
/// The same of each later one.
const REACH_WITHIN: Duration = Duration::from_secs(5);
/// How long the question that is under way may take when the process stops.
pub(super) const GRACE: Duration = Duration::from_secs(6);
/// How often topics that are missing are looked for. Somebody has to make them, so nobody is kept waiting by that.
const LOOK_EACH: Duration = Duration::from_secs(1);

/// The log on the configured brokers. Connects to nothing yet.
pub(crate) fn log(config: &config::KafkaConfig) -> Result<KafkaLog> {
    let brokers = config.brokers.iter().map(str::to_owned).collect();
    let small = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    let settings = KafkaConfig {
        group: config.group.clone(),
        instance_id: Some(config.instance_id.clone()).filter(|name| !name.is_empty()),
        security: security(config),
        delivery_timeout: config.delivery_timeout,
        buffer_bytes: usize::try_from(config.buffer_bytes).unwrap_or(usize::MAX),
        replication: small(config.replication.get()),
        min_insync: small(config.min_insync.get()),
        ..KafkaConfig::new(brokers)
    };
    KafkaLog::open(settings).map_err(|error| refused(&error))
}

fn security(config: &config::KafkaConfig) -> KafkaSecurity {
    let file = |path: &PathBuf| Some(path.clone()).filter(|path| !path.as_os_str().is_empty());
    let tls = config.protocol.is_tls().then(|| KafkaTls {
        ca: file(&config.ca_file),
        cert: file(&config.cert_file),
        key: file(&config.key_file),
    });
    let login = config.protocol.is_sasl().then(|| KafkaLogin {
        mechanism: match config.mechanism {
            KafkaMechanism::Plain => SaslMechanism::Plain,
            KafkaMechanism::ScramSha256 => SaslMechanism::ScramSha256,
            KafkaMechanism::ScramSha512 => SaslMechanism::ScramSha512,
        },
        user: config.user.clone(),
        password: config.password.reveal().to_owned(),
    });
    KafkaSecurity { tls, login }
}

/// Asks the brokers whether they answer and have the topics of the catalog. While they do not, `part` goes on asking, for
/// ever; the latches say why, and the log has one line when the trouble begins or changes, and one when it is over.
///
/// # Errors
/// When only a person can end the trouble: a login, a certificate, a setting.
pub(super) async fn trust(
    log: &KafkaLog,
    config: &config::KafkaConfig,
    catalog: watch::Receiver<Arc<Catalog>>,
    latches: Latches,
    part: &Part,
) -> Result<Trusted> {
    let trouble = match log.reach(FIRST_WITHIN).await {
        Ok(()) => None,
        Err(error @ KafkaOpenError::Refused(_)) => return Err(refused(&error)),
        Err(error @ KafkaOpenError::Unavailable(_)) => Some(error),
    };
    let (trust, trusted) = Trusted::later();
    let (watch, stop) = (Watch { log: log.clone(), config: config.clone(), catalog }, part.token());
    part.spawn(async move {
        tokio::select! {
            () = watch.run(trouble, latches, trust) => {}
            () = stop.cancelled() => {}
        }
    });
    Ok(trusted)
}

/// Makes the topics of a catalog that are not there; those that are stay as they are.
pub(super) fn make_topics(log: KafkaLog, config: config::KafkaConfig) -> MakeTopics {
    MakeTopics::new(move |catalog| {
        let (log, mut plans) = (log.clone(), plans(&catalog, &config));
        async move {
            let unmade =
                |error| format!("{error}; run `wasmill topics apply` before jobs come for the new queues");
            let differences = log.compare(&plans).await.map_err(unmade)?;
            plans.retain(|plan| {
                let is_of = |found: &TopicDifference| match found {
                    TopicDifference::Missing { topic, .. } => *topic == plan.topic,
                    _ => false,
                };
                differences.iter().any(is_of)
            });
            if plans.is_empty() {
                return Ok(());
            }
            for made in log.apply(&plans).await.map_err(unmade)? {
                tracing::info!(topic = %made.topic(), "a topic was made");
            }
            Ok(())
        }
    })
}

impl Watch {
    async fn run(self, trouble: Option<KafkaOpenError>, latches: Latches, trust: Trust) {
        self.reached(trouble, &latches.brokers).await;
        latches.brokers.release();
        self.made(&latches.topics).await;
        latches.topics.release();
        trust.give();
    }

    /// Resolves when a broker answers. One that refuses us by now is told as an error, and asked again: whoever mends it does
    /// not have to start this process anew.
    async fn reached(&self, trouble: Option<KafkaOpenError>, latch: &Latch) {
        let Some(mut trouble) = trouble else {
            tracing::info!(brokers = %self.config.brokers, "the log is in kafka");
            return;
        };
        let mut tries = 0;
        tell(&trouble, latch);
        while let Err(now) = self.log.reach(REACH_WITHIN).await {
            if now != trouble {
                tell(&now, latch);
                trouble = now;
            }
            tokio::time::sleep(pause(tries, rand::random())).await;
            tries += 1;
        }
        tracing::info!(tries, brokers = %self.config.brokers, "kafka answers, and work begins");
    }

    /// Resolves when every topic of the catalog is there. What else is different is told once, and left to a person.
    async fn made(&self, latch: &Latch) {
        let mut told = String::new();
        loop {
            let plans = plans(&self.catalog.borrow(), &self.config);
            let (trouble, others) = match self.log.compare(&plans).await {
                Ok(differences) => {
                    let is_missing =
                        |found: &TopicDifference| matches!(found, TopicDifference::Missing { .. });
                    let (missing, others): (Vec<_>, Vec<_>) = differences.into_iter().partition(is_missing);
                    (absent(&missing), others)
                }
                Err(error) => (Some(format!("they cannot be looked at: {error}")), Vec::new()),
            };
            let Some(trouble) = trouble else {
                for difference in others {
                    tracing::warn!("{difference}; `wasmill topics check` shows all that is different");
                }
                return;
            };
            latch.because(&*trouble);
            if told != trouble {
                tracing::warn!("waiting for the topics: {trouble}");
                told = trouble;
            }
            tokio::time::sleep(LOOK_EACH).await;
        }
    }
}

/// What to do about topics that are not there.
fn absent(missing: &[TopicDifference]) -> Option<String> {
    let names: Vec<_> = missing.iter().take(NAMED_MAX).map(|found| found.topic().as_str()).collect();
    let more = missing.len().saturating_sub(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    (!names.is_empty())
        .then(|| format!("run `wasmill topics apply`; not there yet: {}{more}", names.join(", ")))
}

/// So many missing topics are named.
const NAMED_MAX: usize = 5;

fn tell(trouble: &KafkaOpenError, latch: &Latch) {
    latch.because(trouble.to_string());
    match trouble {
        KafkaOpenError::Unavailable(reason) => tracing::warn!("waiting, and trying again: {reason}"),
        KafkaOpenError::Refused(reason) => tracing::error!("waiting until somebody mends it: {reason}"),
    }
}

fn refused(error: &KafkaOpenError) -> Failure {
    Failure::new(Exit::Config, format_args!("{error}."))
}
