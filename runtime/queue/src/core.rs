//! The decisions of the embedded queue: a state machine without clock, chance or store. Each operation takes the time
//! as an argument and gives its answer together with the writes that make it durable; the shell applies those as one
//! batch and only then answers. What is stored can be turned back into this state by [`Rebuild`].

mod adopt;
mod cancel;
mod check;
mod copy;
mod dead;
mod debts;
mod digest;
mod done;
mod enqueue;
mod finish;
mod flow;
mod inspect;
mod job_types;
mod jobs;
mod judge;
mod lanes;
mod list;
mod parked;
mod pending;
mod place;
mod push;
mod rebuild;
mod resume;
mod settle;
mod take;
mod tend;
mod thin;

use std::collections::BTreeSet;

use hashbrown::HashMap;
use wasmill_job::{JobId, JobType, UnixMs};

pub(crate) use debts::Owed;
pub(crate) use inspect::{Located, Recorded};
pub(crate) use list::Cursor;
pub(crate) use push::PushRefused;
pub(crate) use rebuild::Rebuild;
pub(crate) use take::Taken;
pub(crate) use thin::thinned;

use crate::WorkerId;
use crate::record::{EndedRow, LaneNo, Serial, TypeNo, Write};
use dead::DeadLetters;
use debts::Debts;
use digest::Digest;
use done::{Marks, Results};
use finish::Unwritten;
use job_types::Types;
use jobs::{Jobs, SlotNo};
use lanes::Lanes;
use take::LastTake;
use thin::Chunk;

/// All the queue knows, but for the payloads, outputs, logs and letters, which stay in the store.
///
/// Memory: about 125 bytes for a pending job, 30 more while it is scheduled or in flight, 90 for a kept result, 70
/// for a done-mark, 200 for a dead letter, 80 for a debt of children.
pub(crate) struct Core {
    limits: Limits,
    /// The next number.
    next: Serial,
    /// The next claim's number. Begins at random, so that a claim of an earlier life never fits.
    next_claim: u64,
    jobs: Jobs,
    chunks: HashMap<Serial, Chunk>,
    /// Bytes of entries in all chunks, of jobs that are gone too.
    stored: u64,
    types: Types,
    lanes: Lanes,
    /// Jobs in flight by the end of their lease.
    leases: BTreeSet<(UnixMs, SlotNo)>,
    /// Scheduled jobs by due time.
    due: BTreeSet<(UnixMs, SlotNo)>,
    /// Stored takes, and of how many jobs each still holds the attempt.
    takes: HashMap<Serial, u32>,
    /// The last take of each worker, for repeated requests.
    workers: HashMap<WorkerId, LastTake>,
    dead: DeadLetters,
    debts: Debts,
    results: Results,
    marks: Marks,
    digest: Digest,
    unwritten: Unwritten,
    /// Something became takeable since this was last asked.
    stirred: bool,
}

/// What is to be kept of the failed attempts of the jobs that an operation is about. Those are in the store: whoever has it reads
/// them, and the operation puts them where they belong.
pub(crate) type Earlier = HashMap<JobId, Vec<EndedRow>>;

/// How much the queue holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Jobs pending, scheduled and in flight; above it pushes are refused.
    pub(crate) jobs_max: usize,
    /// Bytes of those jobs; above it pushes are refused.
    pub(crate) bytes_max: u64,
    /// Results kept, oldest forgotten first.
    pub(crate) results_max: usize,
    /// Bytes of results kept, oldest forgotten first.
    pub(crate) result_bytes_max: u64,
    /// Chunks are thinned when more than this is stored of jobs that are gone, and more than of live ones.
    pub(crate) waste_bytes: u64,
}

/// Where the numbers of a core begin. Drawn at the edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning {
    /// Numbers below this one were used by an earlier life.
    pub(crate) serial: Serial,
    /// At random.
    pub(crate) claim: u64,
}

/// An operation's answer and what makes it durable.
#[derive(Debug)]
#[must_use = "the writes have to be applied before the answer is given"]
pub(crate) struct Decision<T> {
    pub(crate) answer: T,
    pub(crate) writes: Vec<Write>,
}

impl Core {
    /// An empty queue.
    pub(crate) fn new(limits: Limits, beginning: Beginning) -> Self {
        Self {
            limits,
            next: beginning.serial,
            next_claim: beginning.claim,
            jobs: Jobs::default(),
            chunks: HashMap::new(),
            stored: 0,
            types: Types::default(),
            lanes: Lanes::default(),
            leases: BTreeSet::new(),
            due: BTreeSet::new(),
            takes: HashMap::new(),
            workers: HashMap::new(),
            dead: DeadLetters::default(),
            debts: Debts::default(),
            results: Results::default(),
            marks: Marks::default(),
            digest: Digest::default(),
            unwritten: Unwritten::default(),
            stirred: false,
        }
    }

    /// The next unused number.
    pub(crate) fn next_serial(&self) -> Serial {
        self.next
    }

    fn number(&mut self) -> Serial {
        let number = self.next;
        self.next = number.plus(1);
        number
    }

    /// When the next lease runs out, the next job falls due, or a type that was held back by its rate may go on.
    pub(crate) fn next_moment(&self) -> Option<UnixMs> {
        let lease = self.leases.first().map(|(at, _)| *at);
        let due = self.due.first().map(|(at, _)| *at);
        let token = self.types.tokens.first().map(|(at, _)| *at);
        lease.into_iter().chain(due).chain(token).min()
    }

    /// Whether something became takeable since the last call.
    pub(crate) fn was_stirred(&mut self) -> bool {
        std::mem::take(&mut self.stirred)
    }

    /// Types whose numbers changed since the last call.
    pub(crate) fn changed_types(&mut self) -> Vec<TypeNo> {
        self.types.changed()
    }

    fn new_type(&mut self, name: JobType) -> TypeNo {
        let number = self.types.add(name);
        self.unwritten.types.insert(number);
        number
    }

    /// For changing a lane's wanted offset.
    fn lane_of(&mut self, lane: LaneNo) -> &mut lanes::Lane {
        self.unwritten.lanes.insert(lane);
        self.lanes.get_mut(lane)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // About 250 MB of memory; what does not fit waits in the log.
            jobs_max: 2_000_000,
            // Bounds the folder: the engine takes up to about three times what is live.
            bytes_max: 4 << 30,
            // What somebody can look up after the fact; the log, not the queue, is the history.
            results_max: 100_000,
            // 100,000 results of the usual size (outputs of some hundred bytes) fit.
            result_bytes_max: 64 << 20,
            // Little beside what the engine itself takes, and enough that chunks of quick jobs are never thinned.
            waste_bytes: 64 << 20,
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
