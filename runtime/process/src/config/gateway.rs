//! `[gateway]`: where jobs come in, and how much one client may ask for.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Refusal, text};

/// The gateway's listening socket and its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// The address to listen on. Default `127.0.0.1:8420`.
    pub listen: SocketAddr,
    /// The largest body that is held in memory at once, in bytes: an uploaded module. Batches are streamed and may be
    /// of any length; a job's payload has its own limit, in its type. Default 32 MiB.
    #[serde(rename = "body_max", with = "text::size")]
    pub body_bytes_max: u64,
    /// Connections open at once; more are refused. Default 1,024.
    #[serde(with = "text::count")]
    pub connections_max: NonZeroU32,
    /// How long a client may take to send a request's head. Default 10 s.
    #[serde(with = "text::span")]
    pub header_timeout: Duration,
    /// How long requests may go on after the process was asked to stop. Default 10 s.
    #[serde(with = "text::span")]
    pub grace: Duration,
}

impl GatewayConfig {
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refuse = |key, message: &str| Refusal { section: "gateway", key, message: message.into() };
        let mut refusals = Vec::new();
        if !(64 << 10..=1 << 30).contains(&self.body_bytes_max) {
            refusals.push(refuse("body_max", "must lie between 64KiB and 1GiB"));
        }
        if !(Duration::from_millis(100)..=Duration::from_secs(300)).contains(&self.header_timeout) {
            refusals.push(refuse("header_timeout", "must lie between 100ms and 5m"));
        }
        if self.grace > Duration::from_secs(3600) {
            refusals.push(refuse("grace", "must be at most 1h"));
        }
        refusals
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)),
            body_bytes_max: 32 << 20,
            connections_max: NonZeroU32::MIN.saturating_add(1023),
            header_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }
}
