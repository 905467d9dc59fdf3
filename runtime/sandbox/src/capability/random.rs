//! Random numbers, for job types that are granted them: from the host's own generator, which the system seeds.

use rand::Rng;
use wasmill_job::Import;
use wasmtime::Result;

use crate::guest::{Guest, Halt};
use crate::world::random;

/// What one call gives at most.
const BYTES_MAX: u32 = 64 << 10;

impl Guest {
    /// Counts a call for so many bytes, and refuses it where the route grants no randomness.
    fn may_draw(&mut self, bytes: usize) -> Result<()> {
        self.meter.call(Import::Random, bytes)?;
        if self.permit.grants().random { Ok(()) } else { Err(Halt::Denied("random").into()) }
    }
}

impl random::Host for Guest {
    fn bytes(&mut self, count: u32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count.min(BYTES_MAX) as usize];
        self.may_draw(bytes.len())?;
        rand::rng().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64> {
        self.may_draw(size_of::<u64>())?;
        Ok(rand::rng().next_u64())
    }
}
