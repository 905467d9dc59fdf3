//! A job's memory: all memories and tables of its instance, and what the host keeps for it, summed, against one limit.

use wasmtime::{ResourceLimiter, Result};

/// Counts what a guest has and refuses what goes beyond its limit. A refused `memory.grow` gives -1, which a guest
/// may handle.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    used: u64,
    peak: u64,
    refused: Option<Refusal>,
}

/// What a guest asked for last and did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What it would have had in all, in bytes.
    pub(crate) wanted: u64,
    /// What it may have, in bytes.
    pub(crate) limit: u64,
}

/// What an element of a table costs the host, in bytes.
const TABLE_ELEMENT_BYTES: u64 = size_of::<usize>() as u64;

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: 0, peak: 0, refused: None }
    }

    /// The most it had at once, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// The last refusal, if there was one.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refused
    }

    /// The host keeps so many bytes for the guest, if it may have them.
    pub(crate) fn hold(&mut self, bytes: u64) -> bool {
        self.grant(bytes)
    }

    /// The host keeps so many bytes no longer.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>, unit: u64) -> bool {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return false; // beyond what the module itself declares
        }
        self.grant((desired.saturating_sub(current) as u64).saturating_mul(unit))
    }

    fn grant(&mut self, more: u64) -> bool {
        let wanted = self.used.saturating_add(more);
        if wanted > self.limit {
            self.refused = Some(Refusal { wanted, limit: self.limit });
            return false;
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        true
    }

    /// The host could not deliver. What was granted stays counted: the engine also tells of failures that were
    /// never granted, and taking those back would give a guest memory that nobody counts.
    fn failed(&mut self) {
        self.refused = Some(Refusal { wanted: self.used, limit: self.limit });
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(current, desired, maximum, 1))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.failed();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(current, desired, maximum, TABLE_ELEMENT_BYTES))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.failed();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
