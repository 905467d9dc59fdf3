//! `[data]`: where a process keeps what it must not lose.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a process keeps its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// The folder for log, queue and artifact store of the embedded profile; made when it is missing.
    /// Default `wasmill-data`, in the folder where the process is started.
    pub dir: PathBuf,
}

impl DataConfig {
    /// The folder of the embedded queue: derived state, may be lost.
    pub fn queue_dir(&self) -> PathBuf {
        self.dir.join("queue")
    }

    /// The file of the last good catalog: what a process starts from when the artifact store is away.
    pub fn last_good(&self) -> PathBuf {
        self.dir.join("catalog.last")
    }

    /// The file of the tokens that were known last: what a process goes on with when the artifact store is away.
    pub fn last_tokens(&self) -> PathBuf {
        self.dir.join("tokens.last")
    }

    /// The folder of what happened in each minute of the last seven days, as a process with the console saw it: may be lost.
    pub fn history_dir(&self) -> PathBuf {
        self.dir.join("history")
    }

    /// The folder of the artifact store: catalog revisions, modules, tokens.
    pub fn artifacts_dir(&self) -> PathBuf {
        self.dir.join("artifacts")
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { dir: "wasmill-data".into() }
    }
}
