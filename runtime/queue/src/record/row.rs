//! The small records, in postcard's compact form. A row may be followed by bytes of its own (an output, a letter).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use rangemap::RangeSet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasmill_job::{
    Failure, JobId, JobType, LogLine, Offset, Passed, Progress, RecordHash, TopicPartition, UnixMs, Usage,
};

use super::{Damage, EndedRow, FailedRow, LaneNo, Serial, TypeNo};
use crate::{AttemptRecord, LastAttempt, Ran};

/// A record that is read and written whole.
pub(crate) trait Row: Serialize + DeserializeOwned {
    /// Its bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32);
        append(&mut bytes, self);
        bytes
    }

    /// Reads it; nothing may follow.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        whole(bytes)
    }

    /// Reads it, and returns what follows.
    fn split(bytes: &[u8]) -> Result<(Self, &[u8]), Damage> {
        Ok(postcard::take_from_bytes(bytes)?)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MetaRow {
    pub(crate) layout: u32,
    pub(crate) log: u128,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HeadRow {
    pub(crate) digest: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TypeRow {
    pub(crate) name: JobType,
    pub(crate) totals: Totals,
}

/// What a type's jobs came to since the queue was last built from the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) accepted: u64,
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) retried: u64,
    pub(crate) lost: u64,
    pub(crate) duplicates: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LaneRow {
    pub(crate) name: TopicPartition,
    /// Whether its name means it; else that means a newer lane.
    pub(crate) is_named: bool,
    pub(crate) wanted: Offset,
    pub(crate) epoch: u64,
    passed: Option<(Offset, RecordHash)>,
}

/// What was settled before the queue began, or was rolled back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InheritedRow {
    /// All below it.
    floor: Offset,
    /// Pairs of (first, one past the last).
    settled: Vec<(u64, u64)>,
    /// Those of them of which a copy has come: pairs of (first, one past the last).
    used: Vec<(u64, u64)>,
}

/// The offsets of a lane whose jobs are parked and have not come again, by type; no type has an empty set.
pub(crate) type Parked = BTreeMap<TypeNo, RangeSet<u64>>;

/// Jobs of a lane that somebody wished to cancel while they were perhaps parked, each with the offset of that wish, by type:
/// only types of which jobs are out.
pub(crate) type Unwanted = BTreeMap<TypeNo, BTreeMap<JobId, Offset>>;

/// A lane's parked jobs that are out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ParkedRow {
    /// Of each type, pairs of (first, one past the last).
    out: Vec<(TypeNo, Vec<(u64, u64)>)>,
    /// Of each type, jobs that are to be cancelled when they come, and where that was said.
    unwanted: Vec<(TypeNo, Vec<WishRow>)>,
}

/// A job, and where it was said that it is to be cancelled.
type WishRow = ([u8; 16], Offset);

impl ParkedRow {
    pub(crate) fn of(parked: &Parked, unwanted: &Unwanted) -> Self {
        let ranges = |out: &RangeSet<u64>| out.iter().map(|range| (range.start, range.end)).collect();
        let wishes = |of: &BTreeMap<JobId, Offset>| of.iter().map(|(id, at)| (id.to_bytes(), *at)).collect();
        Self {
            out: parked.iter().map(|(of, out)| (*of, ranges(out))).collect(),
            unwanted: unwanted.iter().map(|(of, all)| (*of, wishes(all))).collect(),
        }
    }

    /// What is out, and what of that is not wanted any more.
    pub(crate) fn read(self) -> (Parked, Unwanted) {
        let sound = |ranges: Vec<(u64, u64)>| ranges.into_iter().filter(|(from, to)| from < to);
        let set = |ranges| sound(ranges).map(|(from, to)| from..to).collect::<RangeSet<u64>>();
        let sets = self.out.into_iter().map(|(of, ranges)| (of, set(ranges)));
        let wishes =
            |all: Vec<WishRow>| all.into_iter().map(|(id, at)| (JobId::from_bytes(id), at)).collect();
        let unwanted = self.unwanted.into_iter().map(|(of, all)| (of, wishes(all)));
        (sets.filter(|(_, out)| !out.is_empty()).collect(), unwanted.collect())
    }
}

/// Where a job's record stands now: it was appended again, or its lane was left and it came from another one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct MovedRow {
    pub(crate) lane: LaneNo,
    pub(crate) offset: Offset,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TurnRow {
    /// Takes from this number on are newer than this row.
    pub(crate) as_of: Serial,
    pub(crate) attempts: u32,
    pub(crate) due: Option<UnixMs>,
    /// It was given back as a suspect: it still is to be run alone.
    pub(crate) suspect: bool,
}

/// What is kept of an attempt beside how it ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LastRow {
    pub(crate) logs: Vec<LogLine>,
    pub(crate) usage: Usage,
    pub(crate) ran: Option<Ran>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TakeRow {
    /// Jobs and the number of the attempt.
    pub(crate) jobs: Vec<(Serial, u32)>,
}

/// Followed by the output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResultRow {
    pub(crate) id: [u8; 16],
    pub(crate) job_type: TypeNo,
    /// Whether it completed; else it was cancelled.
    pub(crate) completed: bool,
    pub(crate) attempts: u32,
    pub(crate) accepted_at: UnixMs,
    pub(crate) ended_at: UnixMs,
    pub(crate) until: UnixMs,
    pub(crate) last: Option<LastRow>,
    pub(crate) earlier: Vec<EndedRow>,
}

/// A done-mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MarkRow {
    pub(crate) id: [u8; 16],
    pub(crate) redrives: u32,
    pub(crate) since: UnixMs,
    pub(crate) until: UnixMs,
}

impl Row for Vec<MarkRow> {}

/// Followed by the letter in wire format.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeadRow {
    /// `None`: the record could not be decoded.
    pub(crate) job: Option<(TypeNo, [u8; 16])>,
    pub(crate) redrives: u32,
    pub(crate) died_at: UnixMs,
    pub(crate) last: Option<LastRow>,
    pub(crate) earlier: Vec<EndedRow>,
}

/// Of children, followed by them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DebtRow {
    pub(crate) lane: LaneNo,
    pub(crate) offset: Offset,
    pub(crate) owes: OwesRow,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OwesRow {
    /// The dead letter with this key.
    Letter(Arc<str>),
    /// The children of a job that completed then.
    Children { completed_at: UnixMs },
}

impl LaneRow {
    pub(crate) fn of(
        name: &TopicPartition,
        is_named: bool,
        wanted: Offset,
        epoch: u64,
        passed: Option<Passed>,
    ) -> Self {
        let passed = passed.map(|Passed { offset, hash }| (offset, hash));
        Self { name: name.clone(), is_named, wanted, epoch, passed }
    }

    pub(crate) fn passed(&self) -> Option<Passed> {
        self.passed.map(|(offset, hash)| Passed { offset, hash })
    }
}

impl InheritedRow {
    pub(crate) fn of(Progress { floor, settled, .. }: &Progress, used: &RangeSet<u64>) -> Self {
        let pairs = |ranges: &RangeSet<u64>| ranges.iter().map(|range| (range.start, range.end)).collect();
        Self { floor: *floor, settled: pairs(settled), used: pairs(used) }
    }

    /// What is inherited, and what of that is used up.
    pub(crate) fn read(self) -> (Progress, RangeSet<u64>) {
        let mut progress = Progress { floor: self.floor, ..Progress::default() };
        for (start, end) in self.settled {
            progress.settle(Offset(start)..Offset(end));
        }
        let used = self.used.into_iter().filter(|(from, to)| from < to);
        (progress, used.map(|(from, to)| from..to).collect())
    }
}

impl LastRow {
    pub(crate) fn of(record: &AttemptRecord) -> Self {
        Self { logs: record.logs.clone(), usage: record.usage, ran: record.ran.clone() }
    }

    /// The attempt, of which something else tells how it ended.
    pub(crate) fn attempt(self, output: Option<Bytes>, failure: Option<Failure>) -> LastAttempt {
        let Self { logs, usage, ran } = self;
        LastAttempt { attempt: None, ended_at: None, output, failure, logs, usage, ran }
    }
}

/// These end with what is kept of an attempt, and a Redis may still hold some of older releases.
impl Row for LastRow {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        whole_or_older(bytes)
    }
}

impl Row for FailedRow {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        whole_or_older(bytes)
    }
}

macro_rules! rows {
    ($($name:ident),*) => {$(impl Row for $name {})*};
}

rows!(
    MetaRow,
    HeadRow,
    TypeRow,
    LaneRow,
    InheritedRow,
    ParkedRow,
    MovedRow,
    TurnRow,
    TakeRow,
    ResultRow,
    DeadRow,
    DebtRow
);

/// Reads all of `bytes`.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Damage> {
    let (row, rest) = postcard::take_from_bytes(bytes)?;
    if rest.is_empty() { Ok(row) } else { Err(Damage("a record is longer than it should be".into())) }
}

/// Reads a row that ends with a [`LastRow`], of this release or an older one.
fn whole_or_older<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Damage> {
    /// What older rows lack at their end, each field as the zero that says "nothing": what ran; before 0.2 also the processor
    /// time and the calls by import. A row that lacks more than is added still ends too early, so none is mistaken.
    const LACKS: [&[u8]; 2] = [&[0], &[0, 0, 0]];
    whole(bytes)
        .or_else(|damage| LACKS.iter().find_map(|lacks| whole(&[bytes, lacks].concat()).ok()).ok_or(damage))
}

/// Appends a row's bytes.
pub(super) fn append(to: &mut Vec<u8>, row: &impl Serialize) {
    // Postcard fails only for sequences of unknown length and for full fixed buffers; rows have neither.
    if let Ok(bytes) = postcard::to_extend(row, std::mem::take(to)) {
        *to = bytes;
    }
}
