//! What is kept of jobs that are done: results, for whoever asks; marks, against repeats. Both are stored in packs of
//! what ended together, and forgotten pack by pack.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use wasmill_job::{JobId, UnixMs};

use crate::record::{MarkRow, Serial};

/// Where results are.
#[derive(Default)]
pub(super) struct Results {
    /// The newest result of a job: its pack and its place in it.
    index: HashMap<JobId, (Serial, u32)>,
    packs: BTreeMap<Serial, ResultPack>,
    expiry: BTreeSet<(UnixMs, Serial)>,
    count: usize,
    bytes: u64,
}

struct ResultPack {
    ids: Box<[JobId]>,
    bytes: u64,
    /// When the last of its results may be forgotten.
    until: UnixMs,
}

/// Done-marks.
#[derive(Default)]
pub(super) struct Marks {
    index: HashMap<JobId, Mark>,
    packs: BTreeMap<Serial, (Box<[JobId]>, UnixMs)>,
    expiry: BTreeSet<(UnixMs, Serial)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) redrives: u32,
    pub(super) until: UnixMs,
}

impl Results {
    /// The newest result of a job; it may be past its time.
    pub(super) fn find(&self, id: JobId) -> Option<(Serial, u32)> {
        self.index.get(&id).copied()
    }

    pub(super) fn add(&mut self, serial: Serial, ids: Vec<JobId>, bytes: u64, until: UnixMs) {
        self.count += ids.len();
        self.bytes += bytes;
        for (index, id) in (0..).zip(&ids) {
            self.index.insert(*id, (serial, index));
        }
        self.expiry.insert((until, serial));
        self.packs.insert(serial, ResultPack { ids: ids.into(), bytes, until });
    }

    /// Forgets a pack; returns how many results it had.
    pub(super) fn remove(&mut self, serial: Serial) -> usize {
        let Some(pack) = self.packs.remove(&serial) else { return 0 };
        self.expiry.remove(&(pack.until, serial));
        self.count -= pack.ids.len();
        self.bytes -= pack.bytes;
        for id in &pack.ids {
            if self.index.get(id).is_some_and(|(newest, _)| *newest == serial) {
                self.index.remove(id);
            }
        }
        pack.ids.len()
    }

    pub(super) fn is_over(&self, count: usize, bytes: u64) -> bool {
        self.count > count || self.bytes > bytes
    }

    pub(super) fn oldest(&self) -> Option<Serial> {
        self.packs.keys().next().copied()
    }

    /// A pack whose results are all past their time.
    pub(super) fn expired(&self, now: UnixMs) -> Option<Serial> {
        self.expiry.first().filter(|(until, _)| *until <= now).map(|(_, serial)| *serial)
    }

    /// How many results a pack has.
    pub(super) fn len_of(&self, serial: Serial) -> Option<u32> {
        // A pack is closed long before it has 4,294,967,295 results.
        self.packs.get(&serial).map(|pack| u32::try_from(pack.ids.len()).unwrap_or(u32::MAX))
    }

    /// The newest pack before this one, and how many results it has.
    pub(super) fn before(&self, serial: Option<Serial>) -> Option<(Serial, u32)> {
        let found = match serial {
            Some(serial) => self.packs.range(..serial).next_back(),
            None => self.packs.last_key_value(),
        };
        let found = *found?.0;
        Some((found, self.len_of(found)?))
    }

    pub(super) fn index(&self) -> &HashMap<JobId, (Serial, u32)> {
        &self.index
    }
}

impl Marks {
    /// The job's mark, while it holds.
    pub(super) fn find(&self, id: JobId, now: UnixMs) -> Option<Mark> {
        self.index.get(&id).copied().filter(|mark| mark.until > now)
    }

    /// From now on the mark holds; its pack follows. What an earlier mark says that still held then is kept.
    pub(super) fn note(&mut self, mark: &MarkRow) {
        let known = self.index.entry(JobId::from_bytes(mark.id)).or_default();
        let earlier = if known.until > mark.since { known.redrives } else { 0 };
        known.redrives = mark.redrives.max(earlier);
        known.until = known.until.max(mark.until);
    }

    pub(super) fn add(&mut self, serial: Serial, marks: &[MarkRow]) {
        marks.iter().for_each(|mark| self.note(mark));
        let last = marks.iter().map(|mark| mark.until).max().unwrap_or_default();
        let ids = marks.iter().map(|mark| JobId::from_bytes(mark.id)).collect();
        self.expiry.insert((last, serial));
        self.packs.insert(serial, (ids, last));
    }

    /// Forgets a pack whose marks are all past their time; returns how many it had.
    pub(super) fn remove(&mut self, serial: Serial) -> usize {
        let Some((ids, last)) = self.packs.remove(&serial) else { return 0 };
        self.expiry.remove(&(last, serial));
        for id in &ids {
            // Another mark of the same job may hold longer.
            if self.index.get(id).is_some_and(|mark| mark.until <= last) {
                self.index.remove(id);
            }
        }
        ids.len()
    }

    pub(super) fn expired(&self, now: UnixMs) -> Option<Serial> {
        self.expiry.first().filter(|(last, _)| *last <= now).map(|(_, serial)| *serial)
    }

    /// The marks that hold.
    pub(super) fn holding(&self, now: UnixMs) -> BTreeMap<JobId, UnixMs> {
        let holding = self.index.iter().filter(|(_, mark)| mark.until > now);
        holding.map(|(id, mark)| (*id, mark.until)).collect()
    }
}
