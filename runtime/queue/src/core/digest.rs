//! A sum over everything that is stored, kept along as it changes. It is written with every operation and computed
//! again when the queue is opened: a store that came back with some records of one moment and some of another, or
//! without a few, does not have the sum that it claims.

use wasmill_job::Offset;

use crate::record::{LaneNo, Serial, TypeNo};

/// A sum that does not depend on order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest(u64);

/// One part of the sum.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Job(Serial),
    Turn(Serial),
    Failed(Serial),
    Take(Serial),
    Results(Serial),
    Marks(Serial),
    Debt(Serial),
    Moved(Serial, LaneNo, Offset),
    Lane(LaneNo, u64),
    Inherited(LaneNo, u64),
    Parked(LaneNo, u64),
    Type(TypeNo, u64),
    Dead(u64, u64),
}

impl Digest {
    pub(super) fn add(&mut self, part: Part) {
        self.0 = self.0.wrapping_add(part.value());
    }

    pub(super) fn remove(&mut self, part: Part) {
        self.0 = self.0.wrapping_sub(part.value());
    }

    pub(super) fn get(self) -> u64 {
        self.0
    }
}

impl Part {
    fn value(self) -> u64 {
        let (kind, a, b) = match self {
            Self::Job(serial) => (1, serial.0, 0),
            Self::Turn(serial) => (2, serial.0, 0),
            Self::Failed(serial) => (3, serial.0, 0),
            Self::Take(serial) => (4, serial.0, 0),
            Self::Results(serial) => (5, serial.0, 0),
            Self::Marks(serial) => (6, serial.0, 0),
            Self::Debt(serial) => (7, serial.0, 0),
            Self::Moved(serial, lane, offset) => (12, serial.0, offset.0 ^ spread(u64::from(lane.0))),
            Self::Lane(lane, sum) => (8, u64::from(lane.0), sum),
            Self::Parked(lane, sum) => (13, u64::from(lane.0), sum),
            Self::Inherited(lane, sum) => (11, u64::from(lane.0), sum),
            Self::Type(job_type, ended) => (9, u64::from(job_type.0), ended),
            Self::Dead(key, died_at) => (10, key, died_at),
        };
        spread(a ^ spread(b ^ spread(kind)))
    }
}

/// A number for a text: FNV-1a, 64 bit. Good enough: nobody gains by finding two keys with the same one.
pub(super) fn of_text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finalizer of splitmix64: every bit of the result depends on every bit of the number.
fn spread(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
