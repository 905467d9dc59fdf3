//! Whether the brokers can be reached at all, and if not, why: one sentence for an operator.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::KafkaConfig;
use super::context::Listening;

/// Why the log in Kafka cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KafkaOpenError {
    /// Trouble that passes by itself: nobody answers. Try again.
    #[error("{0}")]
    Unavailable(String),
    /// Trouble that only a person ends: a setting, a password, a certificate.
    #[error("{0}")]
    Refused(String),
}

const LOOK_EACH: Duration = Duration::from_millis(200);
/// Trouble that passes is told after so long, once any was met: who is away now may be there again at once, and nobody waits long
/// for it. While nothing was heard at all there may be worse to come, as a login that a busy broker has yet to refuse.
const PASSING_AFTER: Duration = Duration::from_secs(3);

/// Asks any broker for its name, within `within`, or less when there was trouble. Blocks.
pub(super) fn reach(config: &KafkaConfig, within: Duration) -> Result<(), KafkaOpenError> {
    let listening = Listening::new("first contact");
    let client: BaseConsumer<Listening> =
        BaseConsumer::from_config_and_context(&config.client(), listening.clone())
            .map_err(|error| KafkaOpenError::Refused(setting(&error)))?;
    let began = Instant::now();
    loop {
        let last = match client.fetch_metadata(Some(wasmill_job::Topic::settled().as_str()), LOOK_EACH) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        // Lets the client tell what it has met.
        while client.poll(Duration::ZERO).is_some() {}
        let met = listening.0.trouble();
        let patience = if met.is_some() { within.min(PASSING_AFTER) } else { within };
        match met.as_ref().and_then(|(code, reason)| lasting(config, *code, reason)) {
            Some(sentence) => return Err(KafkaOpenError::Refused(sentence)),
            None if began.elapsed() < patience => {}
            None => return Err(KafkaOpenError::Unavailable(passing(config, met, &last))),
        }
    }
}

/// The sentence for trouble that waiting does not end.
fn lasting(config: &KafkaConfig, code: RDKafkaErrorCode, reason: &str) -> Option<String> {
    let brokers = config.addresses();
    match code {
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
            let user = config.security.login.as_ref().map(|login| login.user.as_str()).unwrap_or_default();
            Some(format!(
                "the Kafka brokers at {brokers} refuse the login of `{user}`: set kafka.user and kafka.password, and the mechanism \
                 that the brokers offer ({reason})"
            ))
        }
        RDKafkaErrorCode::SSL => Some(format!(
            "TLS with the Kafka brokers at {brokers} fails: check that kafka.ca_file is the authority of their certificates, \
             and that their names are in them ({reason})"
        )),
        RDKafkaErrorCode::UnsupportedSASLMechanism => Some(format!(
            "the Kafka brokers at {brokers} do not offer this way of logging in: set kafka.mechanism to one that they do \
             ({reason})"
        )),
        _ => None,
    }
}

fn passing(config: &KafkaConfig, met: Option<(RDKafkaErrorCode, String)>, last: &KafkaError) -> String {
    let brokers = config.addresses();
    match met {
        Some((RDKafkaErrorCode::Resolve, reason)) => {
            format!("no Kafka broker is found under {brokers}: check the names in kafka.brokers ({reason})")
        }
        Some((_, reason)) => {
            format!(
                "no Kafka broker answers at {brokers}: check kafka.brokers, and that the brokers run ({reason})"
            )
        }
        None => format!(
            "no Kafka broker answers at {brokers}: check kafka.brokers, and that the brokers run ({last})"
        ),
    }
}

/// The sentence for a setting that the client does not take.
pub(super) fn setting(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, reason, key, _) => {
            format!("Kafka's client does not take the setting {key}: {reason}")
        }
        error => format!("Kafka's client cannot be made of these settings: {error}"),
    }
}
