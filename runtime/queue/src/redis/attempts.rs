//! The attempts of a job that failed, as they stand in Redis; drawn in `scripts/attempts.lua`, which moves them on.

use bytes::Bytes;
use wasmill_job::{Attempt, UnixMs};

use super::record::Fields;
use super::trouble::Trouble;
use crate::record::{EndedRow, FailedRow, LastRow, Row};
use crate::{EarlierAttempt, LastAttempt};

/// What is known of the attempts of a job: of the last one, and of those before it, oldest first.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    pub(super) last: Option<LastAttempt>,
    pub(super) earlier: Vec<EarlierAttempt>,
}

/// With this begins what is more than the last attempt alone. No row does: a number is written in as few bytes as it needs.
const SEVERAL: [u8; 2] = [0x80, 0];

impl Attempts {
    /// Those of a live job; `bytes` is empty when none has failed.
    pub(super) fn of_live(bytes: &[u8]) -> Result<Self, Trouble> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let Some(rest) = bytes.strip_prefix(&SEVERAL) else {
            let last = row::<FailedRow>(bytes)?.shown(None, None);
            return Ok(Self { last: Some(last), earlier: Vec::new() });
        };
        let mut fields = Fields(rest);
        let last = entry(&mut fields)?;
        fields.text()?;
        let last = last.failed.shown(Some(last.attempt), Some(last.ended_at));
        Ok(Self { last: Some(last), earlier: entries(fields)? })
    }

    /// Those of a job that ended. Nothing is known of the last one when memory was short, or when it was cancelled.
    pub(super) fn at_end(bytes: &[u8], output: Option<Bytes>) -> Result<Self, Trouble> {
        let Some(rest) = bytes.strip_prefix(&SEVERAL) else {
            return Ok(Self { last: Some(last(bytes, output)?), earlier: Vec::new() });
        };
        let mut fields = Fields(rest);
        let last = last(fields.text()?, output)?;
        Ok(Self { last: Some(last), earlier: entries(fields)? })
    }
}

fn last(bytes: &[u8], output: Option<Bytes>) -> Result<LastAttempt, Trouble> {
    let known = if bytes.is_empty() { LastRow::default() } else { row(bytes)? };
    Ok(known.attempt(output, None))
}

fn entries(mut fields: Fields<'_>) -> Result<Vec<EarlierAttempt>, Trouble> {
    let mut earlier = Vec::new();
    while !fields.0.is_empty() {
        earlier.push(entry(&mut fields)?.shown());
    }
    Ok(earlier)
}

fn entry(fields: &mut Fields<'_>) -> Result<EndedRow, Trouble> {
    let attempt = Attempt(fields.number(2)? as u32);
    let ended_at = UnixMs(fields.number(6)?);
    Ok(EndedRow { attempt, ended_at, failed: row(fields.text()?)? })
}

fn row<T: Row>(bytes: &[u8]) -> Result<T, Trouble> {
    T::from_bytes(bytes).map_err(|damage| Trouble::nonsense(&damage.0))
}
