//! What one attempt used, summed while it ran. Kept with the job, and the base of every bill.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What one attempt used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Fuel, which counts Wasm instructions and does not depend on the machine.
    pub fuel: u64,
    /// Wall time from instantiation to the end, in microseconds.
    pub wall_us: u64,
    /// The largest sum of all memories and tables, in bytes.
    pub memory_peak_bytes: u64,
    /// Time on the processor, in microseconds: the handler's own, and the host's while it answered its calls.
    #[serde(default)]
    pub cpu_us: u64,
    /// What it called of the host.
    #[serde(default)]
    pub imports: Imports,
}

/// Usage by import. Those that were not called are all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Imports([ImportUsage; Import::ALL.len()]);

/// What a handler can call of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Import {
    Context,
    Log,
    Config,
    Secrets,
    Http,
    Emit,
    Clock,
    Random,
    /// What a toolchain's library calls of WASI.
    Wasi,
}

/// How much one import was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportUsage {
    pub calls: u64,
    /// Bytes that the handler gave and got.
    pub bytes: u64,
    /// Time until the host had answered, in microseconds; 0 for imports that never wait.
    pub wall_us: u64,
}

impl Import {
    /// Every import, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Context,
        Self::Log,
        Self::Config,
        Self::Secrets,
        Self::Http,
        Self::Emit,
        Self::Clock,
        Self::Random,
        Self::Wasi,
    ];

    /// Its name in the contract, and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Log => "log",
            Self::Config => "config",
            Self::Secrets => "secrets",
            Self::Http => "http",
            Self::Emit => "emit",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Wasi => "wasi",
        }
    }
}

impl Imports {
    /// Those that were called, in order.
    pub fn called(&self) -> impl Iterator<Item = (Import, ImportUsage)> + '_ {
        Import::ALL
            .into_iter()
            .map(|import| (import, self.0[import as usize]))
            .filter(|(_, usage)| usage.calls > 0)
    }

    /// How much one was used.
    pub fn get(&self, import: Import) -> ImportUsage {
        self.0[import as usize]
    }

    /// To count what happens.
    pub fn get_mut(&mut self, import: Import) -> &mut ImportUsage {
        &mut self.0[import as usize]
    }

    /// Calls of all of them.
    pub fn calls(&self) -> u64 {
        self.0.iter().map(|usage| usage.calls).sum()
    }
}

/// As a map of those that were called.
impl Serialize for Imports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.called().collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Imports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut imports = Self::default();
        for (import, usage) in BTreeMap::<Import, ImportUsage>::deserialize(deserializer)? {
            *imports.get_mut(import) = usage;
        }
        Ok(imports)
    }
}

#[cfg(test)]
mod tests;
