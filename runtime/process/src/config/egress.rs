//! `[egress]`: what no handler may call, whatever its route says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What no handler may call, and whose certificates are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressConfig {
    /// Networks and hosts that no route can grant, with commas between: `10.1.0.0/16, vault.internal, 10.2.0.5:8500`. The
    /// mill's own Redis, Kafka and gateway are denied without being named. Loopback, private and link-local addresses are
    /// denied unless a route grants them by name; those of cloud metadata always. Default: none.
    pub denied: String,
    /// Certificates of private authorities that services may be signed by, as PEM, beside those of Mozilla. Default: none.
    pub ca_file: PathBuf,
}

impl EgressConfig {
    /// The entries of `denied`.
    pub fn denied(&self) -> impl Iterator<Item = &str> {
        self.denied.split(',').map(str::trim).filter(|entry| !entry.is_empty())
    }
}
