//! What an operation has changed and not yet put into writes; and the one place where an operation ends.

use std::collections::BTreeSet;

use wasmill_job::{JobId, UnixMs};

use super::digest::Part;
use super::{Core, Decision};
use crate::record::{
    HeadRow, InheritedRow, Key, LaneNo, LaneRow, MarkRow, PackWriter, ParkedRow, ResultRow, Row, Serial,
    TypeNo, TypeRow, Write,
};

/// A pack of results is closed when it has this many bytes, for the same reason as a chunk.
const RESULT_PACK_BYTES: usize = 8 << 10;

/// Changes of the running operation.
#[derive(Default)]
pub(super) struct Unwritten {
    pub(super) writes: Vec<Write>,
    /// Types whose totals changed.
    pub(super) types: BTreeSet<TypeNo>,
    /// Lanes whose wanted offset or name may have changed.
    pub(super) lanes: BTreeSet<LaneNo>,
    /// Lanes that inherited something.
    pub(super) inherited: BTreeSet<LaneNo>,
    /// Lanes whose parked jobs changed.
    pub(super) parked: BTreeSet<LaneNo>,
    /// Chunks that lost a job.
    pub(super) chunks: BTreeSet<Serial>,
    pub(super) marks: Vec<MarkRow>,
    results: PackWriter,
    result_ids: Vec<JobId>,
    results_until: UnixMs,
}

impl Core {
    /// Ends an operation: everything it changed becomes writes, with the new digest.
    pub(super) fn decide<T>(&mut self, answer: T) -> Decision<T> {
        self.close_results();
        self.write_marks();
        self.write_chunks();
        self.write_types();
        self.write_lanes();
        self.write_inherited();
        self.write_parked();
        let mut writes = std::mem::take(&mut self.unwritten.writes);
        if !writes.is_empty() {
            writes.push(Write::Put(Key::Head, HeadRow { digest: self.digest.get() }.to_bytes()));
        }
        Decision { answer, writes }
    }

    /// Keeps what became of a job.
    pub(super) fn keep_result(&mut self, row: &ResultRow, output: &[u8]) {
        let unwritten = &mut self.unwritten;
        unwritten.result_ids.push(JobId::from_bytes(row.id));
        unwritten.results_until = unwritten.results_until.max(row.until);
        unwritten.results.add(|to| {
            to.extend_from_slice(&row.to_bytes());
            to.extend_from_slice(output);
        });
        if unwritten.results.bytes() >= RESULT_PACK_BYTES {
            self.close_results();
        }
    }

    fn close_results(&mut self) {
        if self.unwritten.results.is_empty() {
            return;
        }
        let serial = self.number();
        let bytes = self.unwritten.results.bytes() as u64;
        let value = self.unwritten.results.finish(0);
        let ids = std::mem::take(&mut self.unwritten.result_ids);
        let until = std::mem::take(&mut self.unwritten.results_until);
        self.unwritten.writes.push(Write::Put(Key::Results(serial), value));
        self.digest.add(Part::Results(serial));
        self.results.add(serial, ids, bytes, until);
        while self.results.is_over(self.limits.results_max, self.limits.result_bytes_max) {
            let Some(oldest) = self.results.oldest() else { break };
            self.drop_results(oldest);
        }
    }

    pub(super) fn drop_results(&mut self, serial: Serial) -> usize {
        self.unwritten.writes.push(Write::Delete(Key::Results(serial)));
        self.digest.remove(Part::Results(serial));
        self.results.remove(serial)
    }

    pub(super) fn drop_marks(&mut self, serial: Serial) -> usize {
        self.unwritten.writes.push(Write::Delete(Key::Marks(serial)));
        self.digest.remove(Part::Marks(serial));
        self.marks.remove(serial)
    }

    fn write_marks(&mut self) {
        if self.unwritten.marks.is_empty() {
            return;
        }
        let serial = self.number();
        let marks = std::mem::take(&mut self.unwritten.marks);
        self.unwritten.writes.push(Write::Put(Key::Marks(serial), marks.to_bytes()));
        self.digest.add(Part::Marks(serial));
        self.marks.add(serial, &marks);
    }

    fn write_chunks(&mut self) {
        for serial in std::mem::take(&mut self.unwritten.chunks) {
            let Some(chunk) = self.chunks.get_mut(&serial) else { continue };
            if chunk.is_empty() {
                self.unwritten.writes.push(Write::Delete(Key::Chunk(serial)));
                if chunk.noted {
                    self.unwritten.writes.push(Write::Delete(Key::Gone(serial)));
                }
                self.stored -= u64::from(chunk.stored);
                self.chunks.remove(&serial);
            } else {
                chunk.noted = true;
                let gone = chunk.gone.to_le_bytes().to_vec();
                self.unwritten.writes.push(Write::Put(Key::Gone(serial), gone));
            }
        }
    }

    fn write_types(&mut self) {
        for number in std::mem::take(&mut self.unwritten.types) {
            let found = self.types.get_mut(number);
            let sum = found.sum();
            if let Some(stamp) = found.stamp.replace(sum) {
                self.digest.remove(Part::Type(number, stamp));
            }
            self.digest.add(Part::Type(number, sum));
            let row = TypeRow { name: found.name.clone(), totals: found.totals };
            self.unwritten.writes.push(Write::Put(Key::Type(number), row.to_bytes()));
        }
    }

    fn write_lanes(&mut self) {
        for number in std::mem::take(&mut self.unwritten.lanes) {
            let lane = self.lanes.get_mut(number);
            let sum = lane.sum();
            if lane.stamps.lane == Some(sum) {
                continue;
            }
            if let Some(stored) = lane.stamps.lane.replace(sum) {
                self.digest.remove(Part::Lane(number, stored));
            }
            self.digest.add(Part::Lane(number, sum));
            let row = LaneRow::of(&lane.name, lane.is_named, lane.wanted, lane.epoch, lane.passed);
            self.unwritten.writes.push(Write::Put(Key::Lane(number), row.to_bytes()));
        }
    }

    fn write_inherited(&mut self) {
        for number in std::mem::take(&mut self.unwritten.inherited) {
            let lane = self.lanes.get_mut(number);
            let sum = lane.inherited_sum();
            let before = std::mem::replace(&mut lane.stamps.inherited, sum);
            let row = InheritedRow::of(&lane.inherited, &lane.used);
            self.replace_part(Key::Inherited(number), before, sum, |sum| Part::Inherited(number, sum), &row);
        }
    }

    fn write_parked(&mut self) {
        for number in std::mem::take(&mut self.unwritten.parked) {
            let lane = self.lanes.get_mut(number);
            let sum = lane.parked_sum();
            let before = std::mem::replace(&mut lane.stamps.parked, sum);
            let row = ParkedRow::of(&lane.parked, &lane.unwanted);
            self.replace_part(Key::Parked(number), before, sum, |sum| Part::Parked(number, sum), &row);
        }
    }

    /// Writes a row whose sum changed, or deletes it when there is nothing left to write.
    fn replace_part(
        &mut self,
        key: Key,
        before: Option<u64>,
        after: Option<u64>,
        part: impl Fn(u64) -> Part,
        row: &impl Row,
    ) {
        if before == after {
            return;
        }
        if let Some(sum) = before {
            self.digest.remove(part(sum));
        }
        if let Some(sum) = after {
            self.digest.add(part(sum));
        }
        let write = if after.is_some() { Write::Put(key, row.to_bytes()) } else { Write::Delete(key) };
        self.unwritten.writes.push(write);
    }
}
