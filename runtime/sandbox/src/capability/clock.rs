//! The time, for job types that are granted it.

use wasmill_job::{Clock, Import, SystemClock};
use wasmtime::Result;

use crate::guest::{Guest, Halt};
use crate::world::clock;

impl Guest {
    /// Counts a call, and refuses it where the route grants no clock.
    fn may_read_clock(&mut self) -> Result<()> {
        self.meter.call(Import::Clock, size_of::<u64>())?;
        if self.permit.grants().clock { Ok(()) } else { Err(Halt::Denied("clock").into()) }
    }
}

impl clock::Host for Guest {
    fn now_ms(&mut self) -> Result<u64> {
        self.may_read_clock()?;
        Ok(SystemClock.now().0)
    }

    fn monotonic_us(&mut self) -> Result<u64> {
        self.may_read_clock()?;
        Ok(u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}
