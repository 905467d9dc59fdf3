//! Child jobs: gathered while the handler runs, and published by whoever completes its job. Their ids follow from the
//! parent's, so a repeated attempt makes no second child.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Child, ChildKey, Import, JobId, JobType, partition_of_child};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::guest::Guest;
use crate::world::emit::{self, Error};

/// A child that a handler is building.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "generated code names it")]
pub struct Draft {
    job_type: String,
    payload: Bytes,
    key: Option<String>,
    delay: Duration,
}

/// The children of one attempt so far.
#[derive(Debug, Default)]
pub(crate) struct Emitted {
    children: Vec<Child>,
    /// How many without a key there are of each type.
    numbers: HashMap<JobType, u32>,
    ids: HashSet<JobId>,
}

/// As for idempotency keys of callers.
const KEY_BYTES_MAX: usize = 256;
/// Jobs that wait longer belong into a calendar.
const DELAY_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// A type's name and little more: what an entry costs the host besides its payload.
const CHILD_BYTES: u64 = 256;

impl Emitted {
    /// What was emitted, in order.
    pub(crate) fn into_children(self) -> Vec<Child> {
        self.children
    }
}

impl Guest {
    fn take_along(&mut self, draft: Draft) -> std::result::Result<JobId, Error> {
        let name = &draft.job_type;
        let job_type: JobType = name.parse().map_err(|error| Error::Invalid(format!("{error}")))?;
        if !self.permit.grants().emit.iter().any(|pattern| pattern.covers(&job_type)) {
            return Err(Error::Denied(format!("the route's grants.emit does not name `{job_type}`")));
        }
        let Some(place) = self.permit.destination(&job_type) else {
            return Err(Error::Invalid(format!("no job type `{job_type}` takes jobs")));
        };
        let bytes = draft.payload.len() as u64;
        if bytes > place.payload_bytes_max {
            let max = place.payload_bytes_max;
            return Err(Error::Invalid(format!("its payload has {bytes} bytes; `{job_type}` takes {max}")));
        }
        if draft.delay > DELAY_MAX {
            return Err(Error::Invalid("it would wait for more than a year".to_owned()));
        }
        if self.emitted.children.len() as u64 >= u64::from(self.children_max) {
            let max = self.children_max;
            return Err(Error::TooMany(format!(
                "this attempt has emitted {max} children; limits.children allows no more"
            )));
        }
        let key = match draft.key {
            Some(key) if key.is_empty() || key.len() > KEY_BYTES_MAX => {
                return Err(Error::Invalid(format!("a key has 1 to {KEY_BYTES_MAX} bytes")));
            }
            Some(key) => ChildKey::Text(key),
            None => {
                let number = self.emitted.numbers.entry(job_type.clone()).or_default();
                *number += 1;
                ChildKey::Number(*number - 1)
            }
        };
        let parent = self.job.id;
        let partition = partition_of_child(parent, &job_type, &key, place.partitions);
        let id = JobId::child_of(parent, &job_type, &key, place.generation, partition);
        if !self.emitted.ids.insert(id) {
            return Err(Error::Invalid("another child of this job has the same type and key".to_owned()));
        }
        if !self.budget.hold(bytes + CHILD_BYTES) {
            return Err(Error::TooMany("its children are larger than its memory limit in all".to_owned()));
        }
        self.emitted.children.push(Child { id, job_type, payload: draft.payload, delay: draft.delay });
        Ok(id)
    }
}

impl emit::Host for Guest {
    fn submit(&mut self, child: Resource<Draft>) -> Result<std::result::Result<String, Error>> {
        self.meter.call(Import::Emit, 0)?;
        let draft = self.table.delete(child)?;
        self.budget.release(draft.payload.len() as u64);
        Ok(self.take_along(draft).map(|id| id.to_string()))
    }
}

impl emit::HostChild for Guest {
    fn new(&mut self, job_type: String, payload: Vec<u8>) -> Result<Resource<Draft>> {
        self.meter.call(Import::Emit, payload.len())?;
        self.hold(payload.len())?;
        let draft = Draft { job_type, payload: payload.into(), key: None, delay: Duration::ZERO };
        Ok(self.table.push(draft)?)
    }

    fn key(&mut self, child: Resource<Draft>, key: String) -> Result<()> {
        self.meter.call(Import::Emit, key.len())?;
        self.table.get_mut(&child)?.key = Some(key);
        Ok(())
    }

    fn delay_ms(&mut self, child: Resource<Draft>, milliseconds: u64) -> Result<()> {
        self.meter.call(Import::Emit, 0)?;
        self.table.get_mut(&child)?.delay = Duration::from_millis(milliseconds);
        Ok(())
    }

    fn drop(&mut self, child: Resource<Draft>) -> Result<()> {
        let draft = self.table.delete(child)?;
        self.budget.release(draft.payload.len() as u64);
        Ok(())
    }
}
