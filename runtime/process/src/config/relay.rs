//! `[relay]`: where a relay in a process of its own answers probes.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// A relay's listening socket. What it carries, and from where, the log and the queue say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// The address where a relay of its own answers `/healthz`, `/readyz` and `/metrics`; beside a gateway in the same
    /// process that does. Default `127.0.0.1:8423`.
    pub listen: SocketAddr,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8423)) }
    }
}
