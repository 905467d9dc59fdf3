//! Configuration: plain data, one struct per part, composed once. Defaults, then a file, then environment variables;
//! every mistake is reported at once, with the line or the variable it stands in.

mod artifacts;
mod auth;
mod console;
mod data;
mod egress;
mod environment;
mod gateway;
mod kafka;
mod layers;
mod log;
mod mistake;
mod queue;
mod relay;
mod sandbox;
mod secret;
mod telemetry;
mod text;
mod worker;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use artifacts::{ArtifactsConfig, ArtifactsUrl};
pub use auth::{AuthConfig, Expiry, InvalidToken, Role, TOKEN_PREFIX, TokenConfig, TokenHash, TokenName};
pub use console::ConsoleConfig;
pub use data::DataConfig;
pub use egress::EgressConfig;
pub use environment::{Environment, ProcessEnvironment};
pub use gateway::GatewayConfig;
pub use kafka::{Brokers, KafkaConfig, KafkaMechanism, KafkaProtocol};
pub use layers::SECRET_PREFIX;
pub use log::{LogConfig, LogKind};
pub use mistake::{Mistake, Mistakes, Place};
pub use queue::{MoreRedis, QueueConfig, QueueKind, QueueUrl, QueueUrls};
pub use relay::RelayConfig;
pub use sandbox::{PagemapScan, SandboxConfig};
pub use secret::Secret;
pub use telemetry::{LogFormat, TelemetryConfig};
pub use worker::WorkerConfig;

/// Everything an operator may set. A section per part; what no one would turn is a constant in the part itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub data: DataConfig,
    pub artifacts: ArtifactsConfig,
    pub gateway: GatewayConfig,
    pub console: ConsoleConfig,
    pub auth: AuthConfig,
    pub log: LogConfig,
    pub kafka: KafkaConfig,
    pub queue: QueueConfig,
    pub relay: RelayConfig,
    pub worker: WorkerConfig,
    pub sandbox: SandboxConfig,
    pub egress: EgressConfig,
    pub telemetry: TelemetryConfig,
}

/// A rule that a value breaks: which key, and what to do about it.
struct Refusal {
    section: &'static str,
    key: &'static str,
    message: String,
}

impl Config {
    /// The defaults, under them what `file` says, under that what the variables `WASMILL_<SECTION>_<KEY>` say.
    ///
    /// # Errors
    /// Every mistake at once: syntax, unknown keys, values of the wrong kind or out of range.
    pub fn load(file: Option<&Path>, environment: &dyn Environment) -> Result<Self, Mistakes> {
        let text = file.map(|path| std::fs::read_to_string(path).map_err(|error| (path, error))).transpose();
        let text = text.map_err(|(path, error)| {
            let place = Place::Whole(path.display().to_string());
            Mistakes(vec![Mistake { place, message: format!("the file cannot be read: {error}") }])
        })?;
        let name = file.map(|path| path.display().to_string()).unwrap_or_default();
        layers::compose(text.as_deref().map(|text| (name.as_str(), text)), environment)
    }

    /// The rules that no type holds.
    fn refusals(&self) -> Vec<Refusal> {
        let rules = [
            self.artifacts.refusals(),
            self.gateway.refusals(),
            self.log.refusals(),
            self.kafka.refusals(self.log.kind == LogKind::Kafka),
            self.queue.refusals(),
            self.worker.refusals(),
            self.sandbox.refusals(),
            self.telemetry.refusals(),
        ];
        rules.into_iter().flatten().chain(self.profile_refusal()).collect()
    }

    /// The embedded queue keeps only what the log of the same process holds as well.
    fn profile_refusal(&self) -> Option<Refusal> {
        let message = match (self.log.kind, self.queue.kind) {
            (LogKind::None, QueueKind::Embedded) => {
                "is \"none\", so the queue alone keeps the jobs, which the embedded one does not: set queue.kind = \
                 \"redis\", or leave this out"
            }
            (LogKind::Kafka, QueueKind::Embedded) => {
                "is \"kafka\", and the embedded queue is for one process with its own log: set queue.kind = \"redis\""
            }
            _ => return None,
        };
        Some(Refusal { section: "log", key: "kind", message: message.into() })
    }

    /// The rules about items of lists, each with the item's place in its list.
    fn item_refusals(&self) -> Vec<(usize, Refusal)> {
        self.auth.refusals().into_iter().chain(self.queue.more_refusals()).collect()
    }
}

impl fmt::Display for Config {
    /// As a file that says the same; only a password in it is masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
