//! Jobs as they were accepted: read from the chunk that they were pushed in, or from their dead letter.

use bytes::Bytes;
use wasmill_job::{Job, JobId, JobType};

use super::{Engine, StoreError};
use crate::core::Recorded;
use crate::record::{Key, Pack, StoredJob};

impl Engine {
    /// The job with its payload, while it is kept.
    pub(in crate::embedded) fn record(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        match self.core.recorded(id) {
            None => Ok(None),
            Some(Recorded::Chunk { chunk, index, job_type }) => {
                job_in(&self.store.expect(&Key::Chunk(chunk))?, index, job_type).map(Some)
            }
            Some(Recorded::Letter(key)) => Ok(self.letter(&key)?.1.job),
        }
    }
}

/// The job in an entry of a chunk; its payload shares the chunk's memory.
pub(super) fn job_in(chunk: &Bytes, index: u8, job_type: JobType) -> Result<Job, StoreError> {
    let entry = chunk.slice(Pack::read(chunk)?.place(usize::from(index))?);
    let stored = StoredJob::read(&entry)?;
    let payload = entry.slice_ref(stored.payload);
    Ok(stored.into_job(job_type, payload)?)
}
