//! Keys: a byte for the kind, then a number (big-endian, so that order of keys is order of numbers) or a name.
//! The kinds are ordered so that one scan can rebuild the queue: what a job refers to comes before it.

use std::sync::Arc;

use super::Damage;

/// Names a stored record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Layout, and whose log this queue is derived from.
    Meta,
    /// Sum over everything stored; written by every operation.
    Head,
    /// A job type: its name and totals.
    Type(TypeNo),
    /// A partition: its name, the offset wanted next, the record passed last.
    Lane(LaneNo),
    /// Ranges that were settled before the queue began, or was rolled back.
    Inherited(LaneNo),
    /// Parked jobs that are out.
    Parked(LaneNo),
    /// Which jobs of a chunk are gone.
    Gone(Serial),
    /// A job's attempts and due time, when they are not what its last take says.
    Turn(Serial),
    /// A job's last failure, logs and usage.
    Failed(Serial),
    /// Where a job that was appended again stands now.
    Moved(Serial),
    /// The jobs of one take, with their attempts.
    Take(Serial),
    /// Jobs pushed together, named by the first.
    Chunk(Serial),
    /// What became of jobs that ended together.
    Results(Serial),
    /// Done-marks of repeatable jobs that ended together.
    Marks(Serial),
    /// A dead letter, by its key in the log.
    Dead(Arc<str>),
    /// A dead letter, or children, that are not yet where they belong.
    Debt(Serial),
}

/// One count numbers everything the queue stores: jobs, takes, results, debts. Never used twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct Serial(pub(crate) u64);

/// A job type's number in this queue.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct TypeNo(pub(crate) u32);

/// A partition's number in this queue.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct LaneNo(pub(crate) u32);

impl Key {
    /// The key as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Meta => vec![1],
            Self::Head => vec![2],
            Self::Type(number) => short(3, number.0),
            Self::Lane(number) => short(4, number.0),
            Self::Inherited(number) => short(5, number.0),
            Self::Parked(number) => short(6, number.0),
            Self::Gone(serial) => long(7, *serial),
            Self::Turn(serial) => long(8, *serial),
            Self::Failed(serial) => long(9, *serial),
            Self::Moved(serial) => long(10, *serial),
            Self::Take(serial) => long(11, *serial),
            Self::Chunk(serial) => long(12, *serial),
            Self::Results(serial) => long(13, *serial),
            Self::Marks(serial) => long(14, *serial),
            Self::Dead(key) => [&[15], key.as_bytes()].concat(),
            Self::Debt(serial) => long(16, *serial),
        }
    }

    /// Reads a key.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let unknown = || Damage(format!("the key {bytes:02x?} is of no kind this binary knows"));
        let (kind, rest) = bytes.split_first().ok_or_else(unknown)?;
        let number = || rest.try_into().map(u32::from_be_bytes).map_err(|_| unknown());
        let serial = || rest.try_into().map(|rest| Serial(u64::from_be_bytes(rest))).map_err(|_| unknown());
        Ok(match kind {
            1 if rest.is_empty() => Self::Meta,
            2 if rest.is_empty() => Self::Head,
            3 => Self::Type(TypeNo(number()?)),
            4 => Self::Lane(LaneNo(number()?)),
            5 => Self::Inherited(LaneNo(number()?)),
            6 => Self::Parked(LaneNo(number()?)),
            7 => Self::Gone(serial()?),
            8 => Self::Turn(serial()?),
            9 => Self::Failed(serial()?),
            10 => Self::Moved(serial()?),
            11 => Self::Take(serial()?),
            12 => Self::Chunk(serial()?),
            13 => Self::Results(serial()?),
            14 => Self::Marks(serial()?),
            15 => Self::Dead(std::str::from_utf8(rest).map_err(|_| unknown())?.into()),
            16 => Self::Debt(serial()?),
            _ => return Err(unknown()),
        })
    }
}

impl Serial {
    /// The number `by` after this one.
    pub(crate) fn plus(self, by: u64) -> Self {
        Self(self.0 + by)
    }
}

fn short(kind: u8, number: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5);
    bytes.push(kind);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}

fn long(kind: u8, serial: Serial) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9);
    bytes.push(kind);
    bytes.extend_from_slice(&serial.0.to_be_bytes());
    bytes
}
