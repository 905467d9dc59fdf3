//! What an operator may turn at the HTTP edge. Everything else is a constant with its reason, where it is used.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits of one listening socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Connections open at once; more are answered 503 and closed. Default 1,024.
    pub max_connections: NonZeroUsize,
    /// How long a client may take to send a request's head, in milliseconds; an idle kept-alive connection is closed
    /// after the same time. Default 10,000.
    pub header_timeout_ms: u64,
    /// How long a client may pause inside a body, or refuse to read an answer, in milliseconds. Default 10,000.
    pub stall_timeout_ms: u64,
    /// How long requests may go on after the process was asked to stop, in milliseconds. Default 10,000.
    pub drain_timeout_ms: u64,
}

impl HttpConfig {
    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    pub(crate) fn stall_timeout(&self) -> Duration {
        Duration::from_millis(self.stall_timeout_ms)
    }

    pub(crate) fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.drain_timeout_ms)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            max_connections: NonZeroUsize::MIN.saturating_add(1_023),
            header_timeout_ms: 10_000,
            stall_timeout_ms: 10_000,
            drain_timeout_ms: 10_000,
        }
    }
}
