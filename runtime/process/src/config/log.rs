//! `[log]`: the log, the truth about jobs, where there is one.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DataConfig, Refusal, text};

/// Which log there is, if any; the embedded log's folder, and how long it keeps what is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `embedded` (in the data folder), `kafka` (see `[kafka]`; the queue has to be Redis), or `none`: then the gateway writes
    /// straight into the queue, which has to be Redis, and jobs are as safe as that. Default `embedded`.
    pub kind: LogKind,
    /// Its folder, inside the data folder unless it is absolute: the log likes a fast disk of its own. Default `log`.
    pub dir: PathBuf,
    /// Settled records older than this are dropped. Default 7 days.
    #[serde(with = "text::span")]
    pub retention_age: Duration,
    /// The disk space a topic may take, in bytes; above it the oldest settled records are dropped. What is not settled
    /// is never dropped. Default 8 GiB.
    #[serde(rename = "retention_size", with = "text::size")]
    pub retention_bytes: u64,
}

/// What makes jobs durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    #[default]
    Embedded,
    Kafka,
    None,
}

impl LogConfig {
    /// The log's folder, given where the data is.
    pub fn dir_in(&self, data: &DataConfig) -> PathBuf {
        data.dir.join(&self.dir)
    }

    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refuse = |key, message: &str| Refusal { section: "log", key, message: message.into() };
        let mut refusals = Vec::new();
        if self.retention_age < Duration::from_secs(60) {
            refusals.push(refuse("retention_age", "must be at least 1m"));
        }
        if self.retention_bytes < 1 << 20 {
            refusals.push(refuse("retention_size", "must be at least 1MiB"));
        }
        refusals
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            kind: LogKind::default(),
            dir: "log".into(),
            retention_age: Duration::from_secs(7 * 24 * 3600),
            retention_bytes: 8 << 30,
        }
    }
}
