//! `[console]`: where a console in a process of its own listens.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// A console's listening socket. How much one client may ask for, `[gateway]` says for both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    /// The address where a console of its own serves the admin API, its pages and probes; in the same process a gateway does. Default
    /// `127.0.0.1:8424`.
    pub listen: SocketAddr,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8424)) }
    }
}
