//! Getters about the job: every handler's, without a grant.

use wasmill_job::Import;
use wasmtime::Result;

use crate::guest::Guest;
use crate::world::context;

impl Guest {
    fn tell(&mut self, text: impl FnOnce(&Self) -> String) -> Result<String> {
        let text = text(self);
        self.meter.call(Import::Context, text.len())?;
        Ok(text)
    }

    fn tell_maybe(&mut self, text: impl FnOnce(&Self) -> Option<String>) -> Result<Option<String>> {
        let text = text(self);
        self.meter.call(Import::Context, text.as_ref().map_or(0, String::len))?;
        Ok(text)
    }

    fn tell_number<N>(&mut self, number: impl FnOnce(&Self) -> N) -> Result<N> {
        self.meter.call(Import::Context, size_of::<N>())?;
        Ok(number(self))
    }
}

impl context::Host for Guest {
    fn job_id(&mut self) -> Result<String> {
        self.tell(|guest| guest.job.id.to_string())
    }

    fn job_type(&mut self) -> Result<String> {
        self.tell(|guest| guest.job.job_type.to_string())
    }

    fn attempt(&mut self) -> Result<u32> {
        self.tell_number(|guest| guest.job.attempt)
    }

    fn max_attempts(&mut self) -> Result<u32> {
        self.tell_number(|guest| guest.job.max_attempts)
    }

    fn accepted_at_ms(&mut self) -> Result<u64> {
        self.tell_number(|guest| guest.job.accepted_at.0)
    }

    fn deadline_left_ms(&mut self) -> Result<u64> {
        self.tell_number(Self::left_ms)
    }

    fn idempotency_key(&mut self) -> Result<Option<String>> {
        self.tell_maybe(|guest| guest.job.idempotency_key.clone())
    }

    fn traceparent(&mut self) -> Result<Option<String>> {
        self.tell_maybe(|guest| guest.job.traceparent.clone())
    }
}
