//! A partition's progress as bytes: its floor, and the settled ranges above it, packed, for there may be many.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::record::split;
use super::{Undecodable, VERSION};
use crate::{Offset, Passed, Progress};

/// One line of JSON; behind its line feed stand `ranges` pairs of numbers: the distance to the end of the range before (of
/// the first: to the floor), and the length. Seven bits of a number in each byte, the lowest first; the eighth says that
/// more follow. Ranges of a few offsets take two bytes, and a million of them fits into a message.
#[derive(Serialize, Deserialize)]
struct ProgressEnvelope {
    v: u32,
    floor: Offset,
    /// Left out at first, so that a reader of before reads what it always did.
    #[serde(default, skip_serializing_if = "is_first")]
    epoch: u64,
    /// Left out where there is none, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passed: Option<Passed>,
    #[serde(default)]
    ranges: usize,
    /// What was written before ranges were packed: pairs of (first, one past the last).
    #[serde(default, skip_serializing)]
    settled: Vec<(u64, u64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_first(epoch: &u64) -> bool {
    *epoch == 0
}

/// Progress as bytes.
///
/// # Errors
/// Never in practice: numbers only.
pub fn encode_progress(progress: &Progress) -> Result<Bytes, Undecodable> {
    let ranges = progress.settled.iter().count();
    let Progress { floor, epoch, passed, .. } = *progress;
    let envelope = ProgressEnvelope { v: VERSION, floor, epoch, passed, ranges, settled: Vec::new() };
    let mut bytes = BytesMut::with_capacity(64 + 4 * ranges).writer();
    serde_json::to_writer(&mut bytes, &envelope)?;
    let mut bytes = bytes.into_inner();
    bytes.put_u8(b'\n');
    let mut end = progress.floor.0;
    for range in progress.settled.iter() {
        put_number(&mut bytes, range.start - end);
        put_number(&mut bytes, range.end - range.start);
        end = range.end;
    }
    Ok(bytes.freeze())
}

/// Reads progress.
///
/// # Errors
/// When the bytes are not progress of a version this binary reads.
pub fn decode_progress(bytes: &Bytes) -> Result<Progress, Undecodable> {
    let packed = split(bytes);
    let (envelope, mut packed) = packed.unwrap_or((bytes, Bytes::new()));
    let envelope: ProgressEnvelope = serde_json::from_slice(envelope)?;
    if !(1..=VERSION + 1).contains(&envelope.v) {
        return Err(Undecodable::Version(envelope.v));
    }
    let ProgressEnvelope { floor, epoch, passed, .. } = envelope;
    let mut progress = Progress { floor, epoch, passed, ..Progress::default() };
    for (start, end) in envelope.settled {
        progress.settle(Offset(start)..Offset(end));
    }
    let mut end = envelope.floor.0;
    for _ in 0..envelope.ranges {
        let range = take_number(&mut packed).zip(take_number(&mut packed)).and_then(|(gap, length)| {
            let start = end.checked_add(gap)?;
            Some(start..start.checked_add(length)?)
        });
        let range = range.ok_or(Undecodable::Ranges)?;
        end = range.end;
        progress.settle(Offset(range.start)..Offset(range.end));
    }
    Ok(progress)
}

fn put_number(to: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        // The lowest seven bits.
        to.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.put_u8(number as u8);
}

fn take_number(from: &mut Bytes) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *from.first()?;
        let _ = from.split_to(1);
        let bits = u64::from(byte & 0x7f);
        if bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
