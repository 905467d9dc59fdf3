//! Where somebody is who follows attempts: of each worker the last number seen. Pure.

use std::collections::BTreeMap;
use std::fmt;

use wasmill_queue::WorkerId;

/// The last number seen of each worker that was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor(BTreeMap<Short, u64>);

/// The first half of a worker's incarnation, so that a cursor over hundreds of workers fits into an address. Two out of a
/// thousand are the same once in ten thousand mills, and then somebody sees an attempt twice, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Short(u32);

/// Why a text is no cursor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no `next` of an answer; leave it out to begin with the newest")]
pub(super) struct NoCursor;

/// How a cursor begins: its form.
const FORM: &str = "1";
/// Before each worker; and between it and its number. Neither has to be escaped in an address.
const WORKER: char = '.';
const NUMBER: char = '-';
/// Hexadecimal digits of a worker.
const DIGITS: usize = 8;

impl Cursor {
    /// # Errors
    /// When the text is not what [`fmt::Display`] writes.
    pub(super) fn read(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.split(WORKER);
        if parts.next() != Some(FORM) {
            return Err(NoCursor);
        }
        let mut seen = BTreeMap::new();
        for part in parts {
            let (worker, number) = part.split_once(NUMBER).ok_or(NoCursor)?;
            if seen.insert(Short::read(worker)?, hex(number)?).is_some() {
                return Err(NoCursor);
            }
        }
        Ok(Self(seen))
    }

    /// The last number seen of this worker; `None` of one that was not there.
    pub(super) fn of(&self, worker: WorkerId) -> Option<u64> {
        self.0.get(&Short::of(worker)).copied()
    }

    pub(super) fn set(&mut self, worker: WorkerId, number: u64) {
        self.0.insert(Short::of(worker), number);
    }
}

impl Short {
    fn of(worker: WorkerId) -> Self {
        // The upper half always fits.
        Self((worker.0 >> 32) as u32)
    }

    fn read(text: &str) -> Result<Self, NoCursor> {
        let number = if text.len() == DIGITS { hex(text)? } else { return Err(NoCursor) };
        u32::try_from(number).map(Self).map_err(|_| NoCursor)
    }
}

/// Hexadecimal digits, at least one, and nothing else, such as a sign.
fn hex(text: &str) -> Result<u64, NoCursor> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(NoCursor);
    }
    u64::from_str_radix(text, 16).map_err(|_| NoCursor)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORM)?;
        self.0
            .iter()
            .try_for_each(|(Short(worker), number)| write!(f, "{WORKER}{worker:08x}{NUMBER}{number:x}"))
    }
}

#[cfg(test)]
mod tests;
