//! Looking at the queue without changing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmill_job::{JobId, JobType, Progress, TopicPartition};

use super::Core;
use crate::record::{Serial, TypeNo};
use crate::{Counts, JobView};

/// Where a job was found, and what is known of it without the store.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one is made for a question, and taken apart at once")]
pub(crate) enum Located {
    /// All but its last attempt, and where that attempt's failure is stored.
    Live(JobView, Option<Serial>),
    Dead(Arc<str>),
    /// In this entry of a pack of results.
    Done(Serial, u32),
}

/// Where a job stands in the store as it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Recorded {
    /// In this entry of a chunk.
    Chunk { chunk: Serial, index: u8, job_type: JobType },
    /// In the dead letter with this key.
    Letter(Arc<str>),
}

impl Core {
    /// Where a job's record is, while it is kept.
    pub(crate) fn recorded(&self, id: JobId) -> Option<Recorded> {
        let Some(slot) = self.jobs.find(id) else {
            return self.dead.key_of(id).cloned().map(Recorded::Letter);
        };
        let live = &self.jobs[slot];
        let job_type = self.types.get(live.job_type).name.clone();
        Some(Recorded::Chunk { chunk: live.chunk(), index: live.index, job_type })
    }

    /// Where a job is; a result found may be past its time.
    pub(crate) fn locate(&self, id: JobId) -> Option<Located> {
        if let Some(slot) = self.jobs.find(id) {
            let live = &self.jobs[slot];
            return Some(Located::Live(self.view(live), live.failed.then_some(live.serial)));
        }
        if let Some(key) = self.dead.key_of(id) {
            return Some(Located::Dead(key.clone()));
        }
        self.results.find(id).map(|(pack, index)| Located::Done(pack, index))
    }

    /// Where the failed attempts of a live job are stored, if it has any.
    pub(crate) fn failed_of(&self, id: JobId) -> Option<Serial> {
        let live = &self.jobs[self.jobs.find(id)?];
        live.failed.then_some(live.serial)
    }

    /// Jobs per type and state. Cost: O(types).
    pub(crate) fn counts(&self) -> BTreeMap<JobType, Counts> {
        self.types.iter().map(|(_, found)| (found.name.clone(), found.counts())).collect()
    }

    /// One type's name and numbers.
    pub(crate) fn counts_of(&self, number: TypeNo) -> (&JobType, Counts) {
        let found = self.types.get(number);
        (&found.name, found.counts())
    }

    /// How far a lane is settled; nothing when it was never seen.
    pub(crate) fn progress(&self, lane: &TopicPartition) -> Progress {
        self.lanes.find(lane).map(|number| self.lanes.get(number).told()).unwrap_or_default()
    }

    /// The name of a type's number.
    pub(crate) fn type_name(&self, number: TypeNo) -> Option<JobType> {
        ((number.0 as usize) < self.types.len()).then(|| self.types.get(number).name.clone())
    }

    /// Live jobs.
    pub(crate) fn live(&self) -> usize {
        self.jobs.len()
    }
}
