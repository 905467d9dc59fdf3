//! What the operator decides about outgoing HTTP.

use std::time::Duration;

use crate::network::DeniedTarget;

/// What the operator decides about outgoing HTTP. The default denies nothing beyond the built-in policy.
#[derive(Debug, Clone, Default)]
pub struct EgressConfig {
    /// What no rule can grant: the platform's own Redis, Kafka and gateway, by network and by name.
    pub denied: Vec<DeniedTarget>,
    /// Certificates of private authorities in PEM, trusted beside Mozilla's.
    pub extra_roots: Vec<String>,
    pub limits: Limits,
}

/// Limits of all calls together and of each; a call's own may be lower. Bytes of headers count names, texts and separators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A whole call, from waiting for its turn to the last byte. 30 s.
    pub call_timeout: Duration,
    /// TCP, per address that is tried. 5 s.
    pub connect_timeout: Duration,
    /// 8 KiB: what servers are asked to take (RFC 9110, 4.1).
    pub url_bytes: usize,
    /// Fields in the header of a request, and of a response. 100.
    pub header_count: usize,
    /// Of a request's header, and of a response's. 32 KiB.
    pub header_bytes: u64,
    /// 1 MiB.
    pub request_body_bytes: u64,
    /// As it comes over the wire; nothing is decompressed. 4 MiB.
    pub response_body_bytes: u64,
    /// Calls under way at once; others wait within their time. 1,024.
    pub calls_in_flight: usize,
    /// Connections kept for later calls, all together. 256.
    pub idle_connections: usize,
    /// Connections kept for later calls of one owner. 32.
    pub idle_connections_per_owner: usize,
    /// How long they are kept. 30 s, below what most servers keep, so that one is seldom closed while it is taken.
    pub idle_timeout: Duration,
}

/// Why the configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("number {number} of the extra root certificates cannot be used: {reason}")]
    Root {
        /// Counted from 1.
        number: usize,
        reason: String,
    },
    #[error("the limit `{0}` is zero: no call could be made; leave the grants away instead")]
    Zero(&'static str),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            url_bytes: 8 << 10,
            header_count: 100,
            header_bytes: 32 << 10,
            request_body_bytes: 1 << 20,
            response_body_bytes: 4 << 20,
            calls_in_flight: 1024,
            idle_connections: 256,
            idle_connections_per_owner: 32,
            idle_timeout: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Refuses limits under which no call could ever be made.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let zero = [
            (self.call_timeout.is_zero(), "call_timeout"),
            (self.connect_timeout.is_zero(), "connect_timeout"),
            (self.url_bytes == 0, "url_bytes"),
            (self.header_count == 0, "header_count"),
            (self.header_bytes == 0, "header_bytes"),
            (self.calls_in_flight == 0, "calls_in_flight"),
        ];
        zero.iter().find(|(is_zero, _)| *is_zero).map_or(Ok(()), |(_, name)| Err(ConfigError::Zero(name)))
    }
}
