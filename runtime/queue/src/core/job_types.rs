//! Job types: their pending jobs, their counts, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use wasmill_job::{JobType, UnixMs};

use super::flow::{Early, Flow};
use super::pending::Pending;
use crate::Counts;
use crate::record::{Totals, TypeNo};

/// One type.
pub(super) struct TypeState {
    pub(super) name: JobType,
    pub(super) totals: Totals,
    pub(super) pending: Pending,
    pub(super) scheduled: u64,
    pub(super) in_flight: u64,
    pub(super) dead: u64,
    /// What it was served, in virtual time: the type with the smallest is next.
    pub(super) turn: u64,
    pub(super) flow: Flow,
    /// A take left jobs of it behind because of its concurrency.
    pub(super) capped: bool,
    /// Its share of the digest; `None` until it is stored.
    pub(super) stamp: Option<u64>,
    changed: bool,
}

/// All types the queue has seen. Their numbers are their places here.
#[derive(Default)]
pub(super) struct Types {
    all: Vec<TypeState>,
    by_name: HashMap<JobType, TypeNo>,
    /// Types with pending jobs, by turn.
    pub(super) ready: BTreeSet<(u64, TypeNo)>,
    /// The turn of the type that was served last: a type that was idle begins here.
    pub(super) turn: u64,
    /// Types that were held back by their rate, by when they may go on.
    pub(super) tokens: BTreeSet<(UnixMs, TypeNo)>,
    pub(super) early: Early,
    changed: Vec<TypeNo>,
}

impl Types {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, name: &JobType) -> Option<TypeNo> {
        self.by_name.get(name).copied()
    }

    pub(super) fn add(&mut self, name: JobType) -> TypeNo {
        // A catalog holds far fewer types than 4,294,967,295.
        let number = TypeNo(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.by_name.insert(name.clone(), number);
        let flow = self.early.remove(&name).unwrap_or_default();
        self.all.push(TypeState {
            name,
            totals: Totals::default(),
            pending: Pending::default(),
            scheduled: 0,
            in_flight: 0,
            dead: 0,
            turn: 0,
            flow,
            capped: false,
            stamp: None,
            changed: false,
        });
        number
    }

    pub(super) fn get(&self, number: TypeNo) -> &TypeState {
        &self.all[number.0 as usize]
    }

    /// For changing it: its numbers are told again afterwards.
    pub(super) fn get_mut(&mut self, number: TypeNo) -> &mut TypeState {
        let found = &mut self.all[number.0 as usize];
        if !found.changed {
            found.changed = true;
            self.changed.push(number);
        }
        found
    }

    /// For changing what is in force for it, which is not among its numbers.
    pub(super) fn flow_mut(&mut self, number: TypeNo) -> &mut Flow {
        &mut self.all[number.0 as usize].flow
    }

    /// The type may go on at `at` although its rate holds it back now.
    pub(super) fn await_token(&mut self, number: TypeNo, at: UnixMs) {
        let before = self.flow_mut(number).awaited.replace(at);
        if let Some(before) = before {
            self.tokens.remove(&(before, number));
        }
        self.tokens.insert((at, number));
    }

    /// A type whose token has come.
    pub(super) fn next_token(&mut self, now: UnixMs) -> Option<TypeNo> {
        let (at, number) = self.tokens.first().copied().filter(|(at, _)| *at <= now)?;
        self.tokens.remove(&(at, number));
        self.flow_mut(number).awaited = None;
        Some(number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TypeNo, &TypeState)> {
        // As in `add`.
        self.all
            .iter()
            .enumerate()
            .map(|(index, found)| (TypeNo(u32::try_from(index).unwrap_or(u32::MAX)), found))
    }

    /// Brings `ready` up to date after the type's list was empty, or became so.
    pub(super) fn rank(&mut self, number: TypeNo) {
        let last = self.turn;
        let found = &mut self.all[number.0 as usize];
        if found.pending.len() == 0 {
            self.ready.remove(&(found.turn, number));
        } else if !self.ready.contains(&(found.turn, number)) {
            found.turn = found.turn.max(last);
            self.ready.insert((found.turn, number));
        }
    }

    /// Moves turns on, and spends tokens: `order` names a type once for each job it is about to give.
    pub(super) fn advance(&mut self, order: &[TypeNo], now: UnixMs) {
        let mut served: BTreeMap<TypeNo, u64> = BTreeMap::new();
        for number in order {
            *served.entry(*number).or_default() += 1;
        }
        for (number, jobs) in served {
            let found = &mut self.all[number.0 as usize];
            self.ready.remove(&(found.turn, number));
            found.flow.spend(jobs, now);
            let stride = found.flow.stride();
            // The turn of the last job it gives is where an idle type may come in.
            self.turn = self.turn.max(found.turn + (jobs - 1) * stride);
            found.turn += jobs * stride;
            self.ready.insert((found.turn, number));
        }
    }

    /// Types asked for by `get_mut` since the last call.
    pub(super) fn changed(&mut self) -> Vec<TypeNo> {
        let changed = std::mem::take(&mut self.changed);
        for number in &changed {
            self.all[number.0 as usize].changed = false;
        }
        changed
    }
}

impl TypeState {
    /// Jobs that wait: pending and scheduled.
    pub(super) fn waiting(&self) -> u64 {
        self.pending.len() + self.scheduled
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            pending: self.pending.len(),
            scheduled: self.scheduled,
            in_flight: self.in_flight,
            dead: self.dead,
            accepted: self.totals.accepted,
            completed: self.totals.completed,
            cancelled: self.totals.cancelled,
            retried: self.totals.retried,
            lost: self.totals.lost,
            duplicates: self.totals.duplicates,
        }
    }

    /// What of its totals goes into the digest.
    pub(super) fn sum(&self) -> u64 {
        let Totals { accepted, completed, cancelled, retried, lost, duplicates } = self.totals;
        [accepted, completed, cancelled, retried, lost, duplicates]
            .into_iter()
            .fold(1, |sum, total| sum.wrapping_mul(0x0000_0100_0000_01b3).wrapping_add(total))
    }
}
