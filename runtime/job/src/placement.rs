//! In which set of Redis servers a generation lies: its number says so, and with it every id and every topic of the
//! generation, without a lookup and without a catalog.
//!
//! The arithmetic: generation = 64 × set + n, with 0 ≤ n < 64. So all generations below 64 are of set 0, as they were before
//! there were others. Numbers that are given out begin at n = 1. Which generation is the older one, numbers therefore do not
//! say: a queue that moves from set 1 back to set 0 gets a smaller one. Order is a matter of the catalog.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Generation, JobId};

/// A set of Redis servers in the configuration of the processes: 0 is `main`, then the others in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerSet(pub u16);

/// Generations of one set.
const NUMBERS: u16 = 64;

impl ServerSet {
    /// The set that is always there; the only one of an embedded queue.
    pub const MAIN: Self = Self(0);
    /// How many sets ids can tell apart: 64.
    pub const COUNT_MAX: u16 = JobId::GENERATIONS_MAX / NUMBERS;
}

impl Generation {
    /// The set that it lies in.
    pub const fn server_set(self) -> ServerSet {
        ServerSet(self.0 / NUMBERS)
    }

    /// The number in `set` that follows all of `given`; of a set that none of them is in, its first. `None` when the set's 63
    /// numbers are used up, or ids cannot name the set.
    pub fn following(given: impl IntoIterator<Item = Self>, set: ServerSet) -> Option<Self> {
        if set.0 >= ServerSet::COUNT_MAX {
            return None;
        }
        let of_set = given.into_iter().filter(|generation| generation.server_set() == set);
        let highest = of_set.map(|generation| generation.0 % NUMBERS).max().unwrap_or(0);
        let next = highest + 1;
        (next < NUMBERS).then(|| Self(set.0 * NUMBERS + next))
    }
}

impl fmt::Display for ServerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
