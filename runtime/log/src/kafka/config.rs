//! What an operator may set about the log in Kafka.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;

/// Settings of the log in Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaConfig {
    /// Addresses of brokers to begin with, each `host:port`; the others are learnt from them. No default.
    pub brokers: Vec<String>,
    /// How this process calls itself in the brokers' logs and quotas. Default `wasmill`.
    pub client_id: String,
    /// The group that the relays of one installation form. Default `wasmill-relay`.
    pub group: String,
    /// A name that stays with a relay over restarts, so that a short one moves no partitions. No two processes may have the
    /// same. Default none.
    pub instance_id: Option<String>,
    /// Default: neither TLS nor a login.
    pub security: KafkaSecurity,
    /// After how long without an acknowledgement an append is answered "unknown". Default 10 s: below the usual time limit
    /// of a caller of the gateway.
    pub delivery_timeout: Duration,
    /// What may wait for brokers, in bytes, of each durability; above it appends are refused at once. Default 64 MiB.
    pub buffer_bytes: usize,
    /// The same in records. Default 100,000.
    pub buffer_records: usize,
    /// The largest record, key and value together, in bytes. At most the brokers' `message.max.bytes` and the topics'
    /// `max.message.bytes`, whose default is a little more. Default 1,000,000.
    pub record_bytes_max: usize,
    /// After how long without a sign of life a relay's partitions go to others. Default 10 s.
    pub session_timeout: Duration,
    /// Copies of each record in topics that are made on first use, those of parked jobs. Default 3.
    pub replication: u16,
    /// How many of them must have it before it is acknowledged with quorum. Default 2.
    pub min_insync: u16,
}

/// How the brokers are spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KafkaSecurity {
    /// Encrypted, if set.
    pub tls: Option<KafkaTls>,
    /// With a login, if set.
    pub login: Option<KafkaLogin>,
}

/// TLS to the brokers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KafkaTls {
    /// The file of the authority that signed the brokers' certificates, as PEM. Default: those the system trusts.
    pub ca: Option<PathBuf>,
    /// The certificate that this process shows, as PEM.
    pub cert: Option<PathBuf>,
    /// Its key, as PEM.
    pub key: Option<PathBuf>,
}

/// A name and a password by SASL.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaLogin {
    pub mechanism: SaslMechanism,
    pub user: String,
    pub password: String,
}

/// How the password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// It is sent as it is: with TLS only, or in a network that is trusted.
    Plain,
    ScramSha256,
    ScramSha512,
}

impl KafkaConfig {
    /// The defaults for these brokers.
    pub fn new(brokers: Vec<String>) -> Self {
        Self {
            brokers,
            client_id: "wasmill".into(),
            group: "wasmill-relay".into(),
            instance_id: None,
            security: KafkaSecurity::default(),
            delivery_timeout: Duration::from_secs(10),
            buffer_bytes: 64 << 20,
            buffer_records: 100_000,
            record_bytes_max: 1_000_000,
            session_timeout: Duration::from_secs(10),
            replication: 3,
            min_insync: 2,
        }
    }

    /// What is wrong with it, in a sentence; `None` when nothing is.
    pub(super) fn fault(&self) -> Option<String> {
        if self.brokers.is_empty() {
            return Some("no broker is named: put one `host:port` at least into kafka.brokers".into());
        }
        for broker in &self.brokers {
            let port = broker.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
                return Some(format!("the broker `{broker}` is not of the form host:port"));
            }
        }
        if let Some(tls) = &self.security.tls {
            for file in [&tls.ca, &tls.cert, &tls.key].into_iter().flatten() {
                if let Err(error) = std::fs::File::open(file) {
                    return Some(format!("the TLS file {} cannot be read: {error}", file.display()));
                }
            }
            if tls.cert.is_some() != tls.key.is_some() {
                return Some(
                    "a TLS certificate and its key are needed together, and one of them is missing".into(),
                );
            }
        }
        if self.min_insync > self.replication {
            return Some(format!(
                "{} copies in sync are asked for, and there are only {}",
                self.min_insync, self.replication
            ));
        }
        None
    }

    /// The brokers' addresses in one line.
    pub(super) fn addresses(&self) -> String {
        self.brokers.join(",")
    }

    /// What every client of Kafka is told.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", self.addresses())
            .set("client.id", &self.client_id)
            .set("allow.auto.create.topics", "false")
            .set("socket.timeout.ms", "10000")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            // Who has missed where a leader went finds out so soon, whatever else fails; the library would take five minutes.
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("metadata.max.age.ms", "30000")
            // One line for a broker that is gone, not one for each attempt.
            .set("log.connection.close", "false");
        let KafkaSecurity { tls, login } = &self.security;
        client.set(
            "security.protocol",
            match (tls, login) {
                (None, None) => "plaintext",
                (Some(_), None) => "ssl",
                (None, Some(_)) => "sasl_plaintext",
                (Some(_), Some(_)) => "sasl_ssl",
            },
        );
        if let Some(KafkaTls { ca, cert, key }) = tls {
            let files =
                [("ssl.ca.location", ca), ("ssl.certificate.location", cert), ("ssl.key.location", key)];
            for (name, file) in files {
                if let Some(file) = file {
                    client.set(name, file.display().to_string());
                }
            }
        }
        if let Some(KafkaLogin { mechanism, user, password }) = login {
            client
                .set("sasl.mechanism", mechanism.name())
                .set("sasl.username", user)
                .set("sasl.password", password);
        }
        client
    }

    /// What every consumer is told, on top.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut consumer = self.client();
        consumer
            .set("group.id", &self.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("check.crcs", "true")
            // Where to begin is always said; should that place be gone, it is told, and nothing skipped.
            .set("auto.offset.reset", "error")
            .set("fetch.queue.backoff.ms", "20")
            .set("fetch.error.backoff.ms", "100")
            .set("fetch.wait.max.ms", "100");
        consumer
    }
}

impl SaslMechanism {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Without the password.
impl fmt::Debug for KafkaLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mechanism, user, .. } = self;
        f.debug_struct("KafkaLogin").field("mechanism", mechanism).field("user", user).finish_non_exhaustive()
    }
}
