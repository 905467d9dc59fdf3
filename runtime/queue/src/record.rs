//! What the embedded queue stores: keys, values and their bytes. Layout version 7; drawn in the README.

mod children;
mod failed;
mod job;
mod key;
mod pack;
mod row;

pub(crate) use children::{read_children, write_children};
pub(crate) use failed::{AttemptsRow, EndedRow, FailedRow};
pub(crate) use job::StoredJob;
pub(crate) use key::{Key, LaneNo, Serial, TypeNo};
pub(crate) use pack::{Pack, PackWriter};
pub(crate) use row::{
    DeadRow, DebtRow, HeadRow, InheritedRow, LaneRow, LastRow, MarkRow, MetaRow, MovedRow, OwesRow, Parked,
    ParkedRow, ResultRow, Row, TakeRow, Totals, TurnRow, TypeRow, Unwanted,
};

/// The layout this binary reads and writes. Another one is not migrated: the queue is rebuilt from the log.
pub(crate) const LAYOUT: u32 = 8;

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damage(pub(crate) String);

/// One change of the stored state. Those of one operation are applied together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Put(Key, Vec<u8>),
    Delete(Key),
}

impl From<postcard::Error> for Damage {
    fn from(error: postcard::Error) -> Self {
        Self(format!("a record cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests;
