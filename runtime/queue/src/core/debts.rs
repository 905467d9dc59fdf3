//! Debts: the letters of buried jobs that the log does not have yet, and the children of completed jobs that are not yet
//! where they belong. There is one for each job that ended so; its offset counts as settled when it is paid.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmill_job::{Offset, UnixMs};

use super::digest::Part;
use super::{Core, Decision};
use crate::record::{DebtRow, Key, LaneNo, OwesRow, Row, Serial, Write, write_children};
use crate::{Child, DebtId};

/// All debts, oldest first. Children themselves are in the store.
#[derive(Default)]
pub(super) struct Debts(BTreeMap<Serial, DebtRow>);

/// What is owed, without what is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    /// The letter with this key.
    Letter(Arc<str>),
    /// The children in the debt's own record.
    Children,
}

impl Debts {
    pub(super) fn insert(&mut self, serial: Serial, row: DebtRow) {
        self.0.insert(serial, row);
    }

    pub(super) fn rows(&self) -> &BTreeMap<Serial, DebtRow> {
        &self.0
    }

    /// Debts for offsets of which `is` is true.
    pub(super) fn of(&self, is: impl Fn(LaneNo, Offset) -> bool) -> Vec<Serial> {
        self.0.iter().filter(|(_, row)| is(row.lane, row.offset)).map(|(serial, _)| *serial).collect()
    }
}

impl Core {
    /// From now on the letter with this key is owed, for the offset of its job.
    pub(super) fn owe_letter(&mut self, key: Arc<str>, lane: LaneNo, offset: Offset) {
        let row = DebtRow { lane, offset, owes: OwesRow::Letter(key.clone()) };
        let serial = self.owe(row, &[]);
        self.dead.set_debt(&key, Some(serial));
    }

    /// From now on these children are owed, for the offset of their parent.
    pub(super) fn owe_children(&mut self, children: &[Child], lane: LaneNo, offset: Offset, now: UnixMs) {
        let row = DebtRow { lane, offset, owes: OwesRow::Children { completed_at: now } };
        self.owe(row, &write_children(children));
    }

    fn owe(&mut self, row: DebtRow, body: &[u8]) -> Serial {
        let serial = self.number();
        let mut value = row.to_bytes();
        value.extend_from_slice(body);
        self.unwritten.writes.push(Write::Put(Key::Debt(serial), value));
        self.digest.add(Part::Debt(serial));
        self.debts.insert(serial, row);
        serial
    }

    /// Removes a debt; its offset is settled.
    pub(super) fn forgive(&mut self, debt: Serial) {
        let Some(row) = self.debts.0.remove(&debt) else { return };
        self.digest.remove(Part::Debt(debt));
        self.unwritten.writes.push(Write::Delete(Key::Debt(debt)));
        if let OwesRow::Letter(letter) = &row.owes {
            self.dead.set_debt(letter, None);
        }
        self.lanes.get_mut(row.lane).settle(row.offset);
    }

    /// Debts, oldest first.
    pub(crate) fn owed(&self, max: usize) -> Vec<(DebtId, Owed)> {
        let owed = self.debts.0.iter().take(max).map(|(serial, row)| {
            let owed = match &row.owes {
                OwesRow::Letter(key) => Owed::Letter(key.clone()),
                OwesRow::Children { .. } => Owed::Children,
            };
            (DebtId(serial.0), owed)
        });
        owed.collect()
    }

    /// How many debts there are.
    pub(crate) fn debts(&self) -> usize {
        self.debts.0.len()
    }

    /// Forgets debts that are paid.
    pub(crate) fn paid(&mut self, debts: &[DebtId]) -> Decision<()> {
        for debt in debts {
            self.forgive(Serial(debt.0));
        }
        self.decide(())
    }
}
