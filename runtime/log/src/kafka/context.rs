//! What the client library tells of itself: its log lines, rate limited, and its last trouble.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

/// The ear of one client.
#[derive(Debug)]
pub(super) struct Context {
    what: &'static str,
    told: Mutex<Told>,
    trouble: Mutex<Option<(RDKafkaErrorCode, String)>>,
}

/// How much was logged lately.
#[derive(Debug)]
struct Told {
    since: Instant,
    lines: u32,
    left_out: u32,
}

/// So many lines in that time: a cluster that is down makes some each second and client.
const LINES_MAX: u32 = 5;
const EACH: Duration = Duration::from_secs(30);

impl Context {
    pub(super) fn new(what: &'static str) -> Self {
        let told = Told { since: Instant::now(), lines: 0, left_out: 0 };
        Self { what, told: Mutex::new(told), trouble: Mutex::new(None) }
    }

    /// The last error that concerned the client as a whole.
    pub(super) fn trouble(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a line may be logged now; and how many were left out before it.
    fn may_tell(&self) -> Option<u32> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.since.elapsed() > EACH {
            (told.since, told.lines) = (Instant::now(), 0);
        }
        told.lines += 1;
        if told.lines > LINES_MAX {
            told.left_out += 1;
            return None;
        }
        Some(std::mem::take(&mut told.left_out))
    }

    pub(super) fn note_log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        let client = self.what;
        match level {
            RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info | RDKafkaLogLevel::Notice => {
                tracing::debug!(client, facility, "librdkafka: {line}");
            }
            _ => {
                if let Some(left_out) = self.may_tell() {
                    tracing::warn!(client, facility, left_out, "librdkafka: {line}");
                }
            }
        }
    }

    pub(super) fn note_error(&self, error: &KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        if let Some(code) = error.rdkafka_error_code() {
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            // That all brokers are down says less than why.
            if code != RDKafkaErrorCode::AllBrokersDown || trouble.is_none() {
                *trouble = Some((code, without_times(reason).to_owned()));
            }
        }
        if let Some(left_out) = self.may_tell() {
            tracing::warn!(client = self.what, left_out, "Kafka: {reason}");
        }
    }
}

/// A reason without how long it took and how often it was met: the same trouble has the same words each time.
fn without_times(reason: &str) -> &str {
    reason.split_once(" (after ").map_or(reason, |(what, _)| what)
}

/// A context that only listens.
#[derive(Clone, Debug)]
pub(super) struct Listening(pub(super) Arc<Context>);

impl ClientContext for Listening {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.0.note_log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.note_error(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for Listening {}

impl Listening {
    pub(super) fn new(what: &'static str) -> Self {
        Self(Arc::new(Context::new(what)))
    }
}

#[cfg(test)]
mod tests;
