//! The hour that is being written: which rows a minute changes. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use wasmill_job::JobType;

use super::collect::Closed;
use super::minute::{HourNumber, Minute};
use super::row::Row;

/// The rows of an hour.
#[derive(Debug, Default)]
pub(super) struct Hour {
    pub(super) number: HourNumber,
    pub(super) mill: Row,
    pub(super) types: BTreeMap<JobType, Row>,
}

/// So many types have a row in an hour.
pub(super) const TYPES_MAX: usize = 1_000;

impl Hour {
    /// Records a minute of this hour, and answers the types whose rows it changed; the mill's row is changed by each. A type has
    /// an entry where anything happened or the number of its pending jobs is another; where there is no room for all new ones, the
    /// busiest get it.
    pub(super) fn add(&mut self, closed: &Closed) -> Vec<JobType> {
        let (_, place) = closed.minute.place();
        self.mill.put(place, closed.mill);
        let mut changed = Vec::new();
        for (name, row) in &mut self.types {
            // One that is not told has nothing pending any more.
            let minute = closed.types.get(name).copied().unwrap_or_default();
            if minute.is_busy() || minute.pending != row.pending() {
                row.put(place, minute);
                changed.push(name.clone());
            }
        }
        let is_new = |(name, minute): &(&JobType, &Minute)| {
            !self.types.contains_key(*name) && (minute.is_busy() || minute.pending > 0)
        };
        let mut new: Vec<_> = closed.types.iter().filter(is_new).collect();
        let room = TYPES_MAX.saturating_sub(self.types.len());
        if new.len() > room {
            new.sort_by_key(|(_, minute)| Reverse(minute.weight()));
            new.truncate(room);
            self.mill.is_full = true;
        }
        for (name, minute) in new {
            self.types.entry(name.clone()).or_default().put(place, *minute);
            changed.push(name.clone());
        }
        changed
    }
}

#[cfg(test)]
mod tests;
