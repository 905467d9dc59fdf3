//! A partition's progress as bytes: its floor, and the settled ranges above it, packed, for there may be many.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::record::split;
use super::{Undecodable, VERSION};
use crate::{Offset, Passed, Progress};

/// One line of JSON; behind its line feed stand `ranges` pairs of numbers: the distance to the end of the range before (of
/// the first: to the floor), and the length. Seven bits of a number in each byte, the lowest first; the eighth says that
/// more follow. Ranges of a few offsets take two bytes, and half a million of them fits into a message.
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

/// More than the envelope takes without ranges: five numbers of at most twenty digits, and their names.
const ENVELOPE_BYTES_MAX: usize = 256;

/// Progress as at most `bytes_max` bytes. When there are more ranges than fit, those furthest on are left out: whoever reads it
/// takes what stands there for unsettled, which repeats it after a loss of the queue, and loses nothing. Cost: O(ranges).
///
/// # Errors
/// Never in practice: numbers only.
pub fn encode_progress(progress: &Progress, bytes_max: usize) -> Result<Bytes, Undecodable> {
    let (mut packed, mut ranges) = (BytesMut::new(), 0);
    let mut end = progress.floor.0;
    for range in progress.settled.iter() {
        let before = packed.len();
        put_number(&mut packed, range.start - end);
        put_number(&mut packed, range.end - range.start);
        if packed.len() + ENVELOPE_BYTES_MAX > bytes_max {
            packed.truncate(before);
            break;
        }
        ranges += 1;
        end = range.end;
    }
    let Progress { floor, epoch, passed, .. } = *progress;
    let envelope = ProgressEnvelope { v: VERSION, floor, epoch, passed, ranges, settled: Vec::new() };
    let mut bytes = BytesMut::with_capacity(ENVELOPE_BYTES_MAX + packed.len()).writer();
    serde_json::to_writer(&mut bytes, &envelope)?;
    let mut bytes = bytes.into_inner();
    bytes.put_u8(b'\n');
    bytes.extend_from_slice(&packed);
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
