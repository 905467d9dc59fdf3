//! Counts what a guest calls of the host, import by import, and stops it at its limit.

use std::time::Duration;

use wasmill_job::{Import, Imports};

use crate::guest::Halt;

/// What one attempt has called so far.
#[derive(Debug)]
pub(crate) struct Meter {
    imports: Imports,
    calls: u64,
    /// Calls of all kinds, of guests for whom the engine counts them.
    entered: u64,
    calls_max: u64,
}

impl Meter {
    pub(crate) fn new(calls_max: u64) -> Self {
        Self { imports: Imports::default(), calls: 0, entered: 0, calls_max }
    }

    /// A call to `import`, which gives or gets so many bytes.
    ///
    /// # Errors
    /// When it is one too many: the guest is to be stopped.
    pub(crate) fn call(&mut self, import: Import, bytes: usize) -> Result<(), Halt> {
        let usage = self.imports.get_mut(import);
        usage.calls += 1;
        usage.bytes = usage.bytes.saturating_add(bytes as u64);
        self.calls += 1;
        if self.calls > self.calls_max { Err(Halt::Calls) } else { Ok(()) }
    }

    /// The guest calls something of the host. What no import counts is WASI's.
    ///
    /// # Errors
    /// When it is one too many: the guest is to be stopped.
    pub(crate) fn enter_host(&mut self) -> Result<(), Halt> {
        self.entered += 1;
        if self.entered > self.calls_max { Err(Halt::Calls) } else { Ok(()) }
    }

    /// More bytes of a call that is counted already.
    pub(crate) fn add_bytes(&mut self, import: Import, bytes: usize) {
        let usage = self.imports.get_mut(import);
        usage.bytes = usage.bytes.saturating_add(bytes as u64);
    }

    /// The guest has waited so long for `import`.
    pub(crate) fn add_wait(&mut self, import: Import, wait: Duration) {
        let usage = self.imports.get_mut(import);
        let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        usage.wall_us = usage.wall_us.saturating_add(wait_us);
    }

    /// What was used, by import.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = self.imports;
        imports.get_mut(Import::Wasi).calls += self.entered.saturating_sub(self.calls);
        imports
    }
}

#[cfg(test)]
mod tests;
