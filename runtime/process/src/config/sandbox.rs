//! `[sandbox]`: what this machine lets handlers have.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Refusal, text};

/// What this machine lets handlers have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// The largest memory that a job type's limits may grant here, in bytes, at most 4 GiB. Default 1 GiB.
    #[serde(rename = "memory_max", with = "text::size")]
    pub memory_bytes_max: u64,
    /// Whether the kernel is asked which pages a handler wrote, to reset only those: halves the cost of a small job,
    /// and is safe only where nothing is swapped. `off`, `auto` (on where there is no swap) or `on`. Default `auto`.
    pub pagemap_scan: PagemapScan,
    /// A folder with a file for each secret that job types may be granted, named as the secret: what orchestrators mount.
    /// Only its owner may be able to read the files. A variable `WASMILL_SECRET_<NAME>` goes before a file. Default: none.
    pub secrets_dir: PathBuf,
}

/// Whether the kernel's page-map scan is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagemapScan {
    Off,
    #[default]
    Auto,
    On,
}

impl SandboxConfig {
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let fits = (1 << 20..=4 << 30).contains(&self.memory_bytes_max);
        let message = "must lie between 1MiB and 4GiB".into();
        if fits { Vec::new() } else { vec![Refusal { section: "sandbox", key: "memory_max", message }] }
    }
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self { memory_bytes_max: 1 << 30, pagemap_scan: PagemapScan::default(), secrets_dir: PathBuf::new() }
    }
}
