//! What an operator may set about the sandbox, and what a bench may vary.

use serde::{Deserialize, Serialize};

/// How a sandbox is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Handlers that may run at once: the worker's slots. Address space is reserved for each, about 16 GiB that
    /// are never touched. Default: the number of processors.
    pub instances: u32,
    /// The largest memory a job type's limits may grant, in bytes, at most 4 GiB. A single memory of a handler never
    /// grows beyond it. Default 1 GiB.
    pub memory_bytes_max: u64,
    /// Whether the kernel is asked which pages a handler wrote, to reset only those. Default `auto`.
    pub pagemap_scan: PagemapScan,
    /// For measurements only; not part of any file.
    #[serde(skip)]
    pub tuning: Tuning,
}

/// Whether a slot is reset by `PAGEMAP_SCAN` (Linux 6.7 and later), which halves the cost of a small job.
///
/// A page that was written and then *swapped out* is not seen by the scan, so the next handler in the slot could
/// read the previous job's data (bytecodealliance/wasmtime#14357).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagemapScan {
    /// Never.
    Off,
    /// Where the kernel can, and no swap is active when the sandbox starts. Turn it off where swap is added later.
    #[default]
    Auto,
    /// Where the kernel can. Only for machines that never swap.
    On,
}

/// What each setting costs can only be measured by changing it; nobody else should. Without fuel or epochs the
/// limits of the same name do not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Instances come from a pool of ready slots. Default true.
    pub pooling: bool,
    /// Bytes of a memory that are reset by writing instead of being given back to the kernel. Default 64 KiB: more
    /// than a small handler touches costs time in each job.
    pub keep_resident_bytes: usize,
    /// Instructions are counted. Default true.
    pub fuel: bool,
    /// Loops and calls look at the clock's tick. Default true.
    pub epochs: bool,
    /// Every not-a-number has the same bits on every machine. Default true.
    pub nan_canonicalization: bool,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            instances: u32::try_from(processors).unwrap_or(u32::MAX),
            memory_bytes_max: 1 << 30,
            pagemap_scan: PagemapScan::default(),
            tuning: Tuning::default(),
        }
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            pooling: true,
            keep_resident_bytes: 64 << 10,
            fuel: true,
            epochs: true,
            nan_canonicalization: true,
        }
    }
}
