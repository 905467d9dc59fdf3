//! The live jobs: pending, scheduled, in flight. Found by id or by their slot, and in exactly one place each.

use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

use hashbrown::{DefaultHashBuilder, HashTable};
use wasmill_job::{JobId, Offset, Priority, UnixMs};

use crate::Token;
use crate::record::{LaneNo, Serial, TypeNo};

/// A live job. Its payload is in the store, in entry `index` of the chunk it was pushed in.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) id: JobId,
    pub(super) serial: Serial,
    pub(super) offset: Offset,
    pub(super) accepted_at: UnixMs,
    /// The stored take that holds its attempts; `None` when a turn does, or it was never taken.
    pub(super) take: Option<std::num::NonZeroU64>,
    pub(super) place: Place,
    pub(super) job_type: TypeNo,
    pub(super) lane: LaneNo,
    pub(super) attempts: u32,
    pub(super) redrives: u32,
    /// In which a repeat is a duplicate once it is done, in milliseconds.
    pub(super) window_ms: u32,
    /// What it takes in its chunk.
    pub(super) bytes: u32,
    pub(super) index: u8,
    pub(super) priority: Priority,
    /// Whether a turn is stored.
    pub(super) turned: bool,
    /// Whether it was given back as a suspect; it also is one while a take of it is held that was lost.
    pub(super) suspect: bool,
    /// Whether a failure is stored.
    pub(super) failed: bool,
    /// Whether it stands elsewhere than its entry says: it was appended again.
    pub(super) moved: bool,
}

/// Where a live job is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In its type's list of its priority, between these two.
    Pending {
        before: Option<SlotNo>,
        after: Option<SlotNo>,
    },
    InFlight {
        token: Token,
        until: UnixMs,
    },
    Scheduled {
        due: UnixMs,
    },
}

/// A job's place in memory. May be used again when the job is gone; whoever keeps one keeps the serial too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SlotNo(std::num::NonZeroU32);

/// The live jobs.
#[derive(Default)]
pub(super) struct Jobs {
    slots: Vec<Slot>,
    free: Option<SlotNo>,
    by_id: HashTable<SlotNo>,
    hasher: DefaultHashBuilder,
    bytes: u64,
}

enum Slot {
    Free { next: Option<SlotNo> },
    Live(Live),
}

impl Live {
    /// The chunk that holds it.
    pub(super) fn chunk(&self) -> Serial {
        Serial(self.serial.0 - u64::from(self.index))
    }
}

impl Jobs {
    /// The live jobs' number.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The bytes they take in their chunks.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn find(&self, id: JobId) -> Option<SlotNo> {
        self.by_id.find(self.hasher.hash_one(id), |slot| self[*slot].id == id).copied()
    }

    /// The job in `slot`, if it is still the one with this number.
    pub(super) fn still(&self, slot: SlotNo, serial: Serial) -> Option<&Live> {
        match self.slots.get(slot.index()) {
            Some(Slot::Live(live)) if live.serial == serial => Some(live),
            _ => None,
        }
    }

    /// Adds a job whose id is not there yet.
    pub(super) fn insert(&mut self, live: Live) -> SlotNo {
        let hash = self.hasher.hash_one(live.id);
        self.bytes += u64::from(live.bytes);
        let slot = match self.free {
            Some(slot) => {
                if let Slot::Free { next } = self.slots[slot.index()] {
                    self.free = next;
                }
                self.slots[slot.index()] = Slot::Live(live);
                slot
            }
            None => {
                self.slots.push(Slot::Live(live));
                SlotNo::of(self.slots.len())
            }
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_id.insert_unique(hash, slot, |slot| match &slots[slot.index()] {
            Slot::Live(live) => hasher.hash_one(live.id),
            Slot::Free { .. } => broken(*slot),
        });
        slot
    }

    /// Takes a job out.
    pub(super) fn remove(&mut self, slot: SlotNo) -> Live {
        let hash = self.hasher.hash_one(self[slot].id);
        if let Ok(entry) = self.by_id.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        let freed = Slot::Free { next: self.free.replace(slot) };
        match std::mem::replace(&mut self.slots[slot.index()], freed) {
            Slot::Live(live) => {
                self.bytes -= u64::from(live.bytes);
                live
            }
            Slot::Free { .. } => broken(slot),
        }
    }

    /// The job in `slot`, if there is one.
    pub(super) fn get(&self, slot: SlotNo) -> Option<&Live> {
        match self.slots.get(slot.index()) {
            Some(Slot::Live(live)) => Some(live),
            _ => None,
        }
    }

    /// All slots behind the first so many, live or not.
    pub(super) fn from(&self, skip: usize) -> impl Iterator<Item = SlotNo> {
        (skip..self.slots.len()).map(|index| SlotNo::of(index + 1))
    }

    /// All of them, in no order. Cost: O(slots).
    pub(super) fn iter(&self) -> impl Iterator<Item = (SlotNo, &Live)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            Slot::Live(live) => Some((SlotNo::of(index + 1), live)),
            Slot::Free { .. } => None,
        })
    }
}

impl SlotNo {
    fn of(number: usize) -> Self {
        // The queue is full long before 4,294,967,295 jobs (`jobs_max`), and numbers begin at 1.
        let number = u32::try_from(number).ok().and_then(std::num::NonZeroU32::new);
        Self(number.unwrap_or(std::num::NonZeroU32::MAX))
    }

    /// As a number, from 1 on.
    pub(super) fn number(self) -> u32 {
        self.0.get()
    }

    pub(super) fn from_number(number: u32) -> Option<Self> {
        std::num::NonZeroU32::new(number).map(Self)
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Index<SlotNo> for Jobs {
    type Output = Live;
    fn index(&self, slot: SlotNo) -> &Live {
        match &self.slots[slot.index()] {
            Slot::Live(live) => live,
            Slot::Free { .. } => broken(slot),
        }
    }
}

impl IndexMut<SlotNo> for Jobs {
    fn index_mut(&mut self, slot: SlotNo) -> &mut Live {
        match &mut self.slots[slot.index()] {
            Slot::Live(live) => live,
            Slot::Free { .. } => broken(slot),
        }
    }
}

/// A broken invariant: the shell catches it, sets the queue aside and has it rebuilt from the log.
fn broken(slot: SlotNo) -> ! {
    panic!("slot {slot:?} is named as a job's place, and no job is there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_job_is_as_small_as_the_readme_says() {
        assert_eq!(size_of::<Slot>(), size_of::<Live>());
        assert!(size_of::<Live>() <= 112, "a live job takes {} bytes", size_of::<Live>());
    }
}
