//! What one attempt of a job may still spend on outgoing HTTP. Pure; the caller owns it.

/// Calls and bytes that are left to one attempt. Bytes count in both directions: URL, headers and bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    calls_left: u32,
    bytes_left: u64,
}

/// An attempt has spent what it may. The handler cannot mend that; the job type's limits can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    #[error("this attempt has made all the HTTP calls that its limits allow")]
    Calls,
    #[error("this attempt has moved all the bytes over HTTP that its limits allow")]
    Bytes,
}

impl Allowance {
    pub fn new(calls: u32, bytes: u64) -> Self {
        Self { calls_left: calls, bytes_left: bytes }
    }

    pub fn calls_left(&self) -> u32 {
        self.calls_left
    }

    pub fn bytes_left(&self) -> u64 {
        self.bytes_left
    }

    /// Takes one call, and the bytes of its request.
    pub fn begin_call(&mut self, request_bytes: u64) -> Result<(), Spent> {
        let calls_left = self.calls_left.checked_sub(1).ok_or(Spent::Calls)?;
        let bytes_left = self.bytes_left.checked_sub(request_bytes).ok_or(Spent::Bytes)?;
        *self = Self { calls_left, bytes_left };
        Ok(())
    }

    /// Takes bytes that have arrived. What does not fit takes what is left: it has arrived all the same.
    pub fn receive(&mut self, bytes: u64) -> Result<(), Spent> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Spent::Bytes)
    }

    /// Splits off a part, for a call that runs beside others; `give_back` brings what it leaves.
    /// There is never more in it than is left here.
    #[must_use]
    pub fn lend(&mut self, calls: u32, bytes: u64) -> Self {
        let part = Self { calls_left: calls.min(self.calls_left), bytes_left: bytes.min(self.bytes_left) };
        self.calls_left -= part.calls_left;
        self.bytes_left -= part.bytes_left;
        part
    }

    /// Takes back what is left of a part that was lent.
    pub fn give_back(&mut self, part: Self) {
        self.calls_left = self.calls_left.saturating_add(part.calls_left);
        self.bytes_left = self.bytes_left.saturating_add(part.bytes_left);
    }
}

#[cfg(test)]
mod tests;
