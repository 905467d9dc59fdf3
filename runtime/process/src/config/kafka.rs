//! `[kafka]`: where the log is when it is Kafka, how its brokers are spoken to, and what its topics are made with.

mod brokers;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use brokers::Brokers;

use super::{Refusal, Secret, text};

/// Kafka, as log. Counts only where `log.kind` is `kafka`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// Addresses of brokers to begin with, each `HOST:PORT`; the others are learnt from them, so two or three are enough. A
    /// list, or one text with commas between. Default: none, which is a mistake where the log is in Kafka.
    pub brokers: Brokers,
    /// The group that the relays of one mill form: letters, digits, dots, dashes and underscores. It shares the partitions
    /// between them; how far each is settled stands in the topic `wasmill.settled`. Two mills need two clusters of Kafka: their
    /// topics have the same names. Default `wasmill`.
    pub group: String,
    /// A name that stays with this relay over restarts; no two processes may have the same, so it is set by the variable
    /// rather than in a file that they share. With it a restart within 10 s moves no partitions to other relays and back; in
    /// exchange the partitions of a relay that was stopped for good stand still for those 10 s. Default: none.
    pub instance_id: String,
    /// `plaintext`, `tls`, `sasl-plaintext` or `sasl-tls`: whether the connection is encrypted, and whether this process
    /// logs in. Default `plaintext`.
    pub protocol: KafkaProtocol,
    /// How the password is proved, with SASL: `plain` (it is sent as it is: with TLS, please), `scram-sha-256` or
    /// `scram-sha-512`. Default `scram-sha-512`.
    pub mechanism: KafkaMechanism,
    /// Who logs in, with SASL. Default: none.
    pub user: String,
    /// With which password, with SASL. Shown masked; the variable `WASMILL_KAFKA_PASSWORD` keeps it out of the file. Default:
    /// none.
    pub password: Secret,
    /// The certificates of the authority that signed those of the brokers, as PEM, with TLS. Default: none, and then those
    /// that the system trusts count.
    pub ca_file: PathBuf,
    /// The certificate that this process shows, as PEM, with TLS. Default: none.
    pub cert_file: PathBuf,
    /// The key of `cert_file`, as PEM. Default: none.
    pub key_file: PathBuf,
    /// After how long without an acknowledgement a caller is answered "unknown, please repeat". Default 10 s.
    #[serde(with = "text::span")]
    pub delivery_timeout: Duration,
    /// What may wait for acknowledgements in this process, in bytes, of each durability; above it callers are answered 503 at
    /// once. Default 256 MiB; more than 100,000 records never wait.
    #[serde(rename = "buffer_size", with = "text::size")]
    pub buffer_bytes: u64,
    /// On how many brokers each record of a topic stands that is made from here on. Default 3.
    #[serde(with = "text::count")]
    pub replication: NonZeroU32,
    /// How many of them must have a record before it counts as stored with quorum; with fewer in sync, nothing is taken in.
    /// Default 2: one broker may be away, and one more lost for good, without the loss of a job.
    #[serde(with = "text::count")]
    pub min_insync: NonZeroU32,
    /// After how long Kafka drops the records of queues, settled or not; the relay appends what is still unsettled again before that.
    /// `wasmill topics apply` gives it to the topics. Parked jobs are kept until they are settled. Default 7 days.
    #[serde(with = "text::span")]
    pub retention: Duration,
}

/// How the brokers are spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KafkaProtocol {
    /// In clear, without a login.
    #[default]
    Plaintext,
    /// Encrypted, without a login but perhaps with a certificate.
    Tls,
    /// In clear, with a login.
    SaslPlaintext,
    /// Encrypted, with a login.
    SaslTls,
}

/// How a password is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KafkaMechanism {
    #[serde(rename = "plain")]
    Plain,
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    #[default]
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
}

/// Kafka's own limits of a name; a group's is not limited there, but stands in file names of its tools.
const NAME_BYTES_MAX: usize = 249;
/// Kafka holds the number of replicas in 16 bits, and no cluster has a hundredth of it.
const REPLICATION_MAX: u32 = 100;
const DELIVERY: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);
const BUFFER_BYTES: std::ops::RangeInclusive<u64> = 1 << 20..=64 << 30;
/// Shorter, and the relay could not append again in time what is unsettled; longer than ten years is for ever.
const RETENTION: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(3600)..=Duration::from_secs(10 * 366 * 24 * 3600);

impl KafkaProtocol {
    /// Whether the connection is encrypted.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::SaslTls)
    }

    /// Whether this process logs in.
    pub fn is_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslTls)
    }
}

impl KafkaConfig {
    /// `in_use`: the log is in Kafka.
    pub(super) fn refusals(&self, in_use: bool) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let mut refuse = |key, message: String| refusals.push(Refusal { section: "kafka", key, message });
        if in_use && self.brokers.is_empty() {
            refuse("brokers", "names none, and log.kind is \"kafka\": write one HOST:PORT at least".into());
        }
        if let Some(wrong) = self.brokers.wrong() {
            refuse(
                "brokers",
                format!("has `{wrong}`, which is not of the form HOST:PORT, such as kafka-1:9092"),
            );
        }
        if self.group.is_empty() || !is_name(&self.group) {
            refuse(
                "group",
                format!("must be 1 to {NAME_BYTES_MAX} letters, digits, dots, dashes or underscores"),
            );
        }
        if !is_name(&self.instance_id) {
            let message = format!(
                "must be up to {NAME_BYTES_MAX} letters, digits, dots, dashes or underscores, or be left out"
            );
            refuse("instance_id", message);
        }
        self.refuse_security(&mut refuse);
        if !DELIVERY.contains(&self.delivery_timeout) {
            refuse("delivery_timeout", "must lie between 1s and 5m".into());
        }
        if !BUFFER_BYTES.contains(&self.buffer_bytes) {
            refuse("buffer_size", "must lie between 1MiB and 64GiB".into());
        }
        if self.replication.get() > REPLICATION_MAX {
            refuse("replication", format!("must lie between 1 and {REPLICATION_MAX}"));
        }
        if self.min_insync > self.replication {
            let message = format!(
                "is {}, more than kafka.replication, {}: no job would ever be stored; set it to at most that",
                self.min_insync, self.replication
            );
            refuse("min_insync", message);
        }
        if !RETENTION.contains(&self.retention) {
            refuse("retention", "must lie between 1h and 10years".into());
        }
        refusals
    }

    /// What is set must count, and what counts must be set.
    fn refuse_security(&self, refuse: &mut impl FnMut(&'static str, String)) {
        let Self { protocol, user, password, ca_file, cert_file, key_file, .. } = self;
        for (key, is_empty) in [("user", user.is_empty()), ("password", password.is_empty())] {
            match (protocol.is_sasl(), is_empty) {
                (true, true) => refuse(key, "is missing, and kafka.protocol logs in with it (SASL)".into()),
                (false, false) => refuse(
                    key,
                    "is set, and kafka.protocol does not log in: set it to \"sasl-tls\" or \"sasl-plaintext\", or leave \
                     this out"
                        .into(),
                ),
                _ => {}
            }
        }
        for (key, file) in [("ca_file", ca_file), ("cert_file", cert_file), ("key_file", key_file)] {
            if !protocol.is_tls() && !file.as_os_str().is_empty() {
                let message = "is set, and kafka.protocol does not encrypt: set it to \"tls\" or \"sasl-tls\", or leave this \
                               out";
                refuse(key, message.into());
            }
        }
        match (cert_file.as_os_str().is_empty(), key_file.as_os_str().is_empty()) {
            (false, true) => {
                refuse("key_file", "is missing: a certificate is of use only with its key".into());
            }
            (true, false) => {
                refuse("cert_file", "is missing: a key is of use only with its certificate".into());
            }
            _ => {}
        }
    }
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: Brokers::default(),
            group: "wasmill".into(),
            instance_id: String::new(),
            protocol: KafkaProtocol::default(),
            mechanism: KafkaMechanism::default(),
            user: String::new(),
            password: Secret::default(),
            ca_file: PathBuf::new(),
            cert_file: PathBuf::new(),
            key_file: PathBuf::new(),
            delivery_timeout: Duration::from_secs(10),
            buffer_bytes: 256 << 20,
            replication: NonZeroU32::MIN.saturating_add(2),
            min_insync: NonZeroU32::MIN.saturating_add(1),
            retention: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.len() <= NAME_BYTES_MAX && text.bytes().all(fits)
}

#[cfg(test)]
mod tests;
