//! The minutes of an hour, of one type or of the mill, and their bytes. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::minute::Minute;
use crate::live::{Flow, Percentiles, WaitAndRun};

/// The minutes of an hour by their places in it, those that were recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) minutes: BTreeMap<u8, Minute>,
    /// In the mill's row: some types found no room in the hour, so one that is not in it may have done anything.
    pub(super) is_full: bool,
}

/// The form of the bytes: this byte, then postcard.
const VERSION: u8 = 1;

/// A minute as it is stored. Counts end at 4,294,967,295.
#[derive(Serialize, Deserialize)]
struct Stored {
    place: u8,
    accepted: u32,
    completed: u32,
    failed: u32,
    died: u32,
    pending: u32,
    wait: Option<[u16; 3]>,
    run: Option<[u16; 3]>,
}

impl Row {
    /// Records a minute; one that is there is added to.
    pub(super) fn put(&mut self, place: u8, minute: Minute) {
        self.minutes.entry(place).and_modify(|there| *there = there.and(minute)).or_insert(minute);
    }

    /// How many jobs were pending at the end of the last minute; 0 of none.
    pub(super) fn pending(&self) -> u64 {
        self.minutes.last_key_value().map_or(0, |(_, minute)| minute.pending)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let minutes: Vec<_> = self.minutes.iter().map(|(place, minute)| Stored::of(*place, minute)).collect();
        // Serialising plain numbers into a vector cannot fail.
        postcard::to_extend(&(self.is_full, minutes), vec![VERSION]).unwrap_or_default()
    }

    /// `None` of what another version of the program wrote, and of bytes that are damaged: a row is worth no error.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (is_full, stored): (bool, Vec<Stored>) = postcard::from_bytes(rest).ok()?;
        let minutes = stored.into_iter().filter(|one| one.place < 60).map(|one| (one.place, one.minute()));
        Some(Self { is_full, minutes: minutes.collect() })
    }
}

impl Stored {
    fn of(place: u8, minute: &Minute) -> Self {
        let Minute { flow, pending, times } = minute;
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let shorts = |of: Option<Percentiles>| of.map(|of| [of.p50, of.p95, of.p99].map(short));
        Self {
            place,
            accepted: count(flow.accepted),
            completed: count(flow.completed),
            failed: count(flow.failed),
            died: count(flow.died),
            pending: count(*pending),
            wait: shorts(times.wait),
            run: shorts(times.run),
        }
    }

    fn minute(&self) -> Minute {
        let long = |of: Option<[u16; 3]>| {
            of.map(|of| {
                let [p50, p95, p99] = of.map(long);
                Percentiles { p50, p95, p99 }
            })
        };
        let flow = Flow {
            accepted: self.accepted.into(),
            completed: self.completed.into(),
            failed: self.failed.into(),
            died: self.died.into(),
        };
        let times = WaitAndRun { wait: long(self.wait), run: long(self.run) };
        Minute { flow, pending: self.pending.into(), times }
    }
}

/// A time in few bits: how many bits follow the first four, times eight, and those four. Nothing is lost, because percentiles are
/// known to an eighth of themselves only (`wasmill_queue::Histogram`).
fn short(us: u64) -> u16 {
    let shift = (u64::BITS - us.leading_zeros()).saturating_sub(4);
    // At most 60 · 8 + 15.
    ((u64::from(shift) << 3) + (us >> shift)) as u16
}

/// The greatest time that is this in short.
fn long(short: u16) -> u64 {
    // No other is written; of damaged bytes the shift must not overflow.
    let short = u64::from(short.min(60 * 8 + 15));
    let shift = (short >> 3).saturating_sub(1);
    let first = short - (shift << 3);
    u64::try_from(((u128::from(first) + 1) << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests;
