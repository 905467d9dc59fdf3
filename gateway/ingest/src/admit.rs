//! Admission: from what a caller wants to the job that is stored, or the reason why not.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wasmill_http::{Caller, Kind, Problem};
use wasmill_job::wire::encode_job;
use wasmill_job::{IdSource, Job, JobId, Partition, Priority, UnixMs, partition_of_key};
use wasmill_log::Append;
use wasmill_queue::NewJob;

use crate::routes::{Lane, Route, Routes};

/// What a caller wants, whichever way it came.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) job_type: &'a str,
    pub(crate) payload: Bytes,
    pub(crate) key: Option<&'a str>,
    pub(crate) traceparent: Option<String>,
    pub(crate) priority: Priority,
}

/// A job that may be stored.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    pub(crate) job: Job,
    pub(crate) route: &'a Route,
}

/// Admits the jobs of one append: unkeyed ones of a queue go to one partition, so that the append touches few, and the
/// next append takes the next partition.
pub(crate) struct Admission<'a> {
    routes: &'a Routes,
    ids: &'a Mutex<IdSource>,
    caller: &'a Caller,
    now: UnixMs,
    places: Vec<(Arc<Lane>, Partition)>,
}

impl<'a> Admission<'a> {
    pub(crate) fn new(routes: &'a Routes, ids: &'a Mutex<IdSource>, caller: &'a Caller, now: UnixMs) -> Self {
        Self { routes, ids, caller, now, places: Vec::new() }
    }

    /// Checks a job against its type, and gives it an id that names its partition.
    ///
    /// # Errors
    /// 403 for a type that the caller's token is not for, 404 for an unknown one, 409 for one that is off, 413 for a payload over the type's limit.
    pub(crate) fn admit(&mut self, wanted: Wanted<'_>) -> Result<Admitted<'a>, Problem> {
        let route = self.routes.find(wanted.job_type, self.caller)?;
        let bytes = wanted.payload.len() as u64;
        if bytes > route.payload_bytes_max {
            return Err(too_large(route, bytes));
        }
        let lane = &route.lane;
        let id = match wanted.key {
            Some(key) => {
                let partition = partition_of_key(&route.job_type, key, lane.partitions);
                JobId::derived(&route.job_type, key, lane.generation, partition)
            }
            None => {
                let partition = place(&mut self.places, lane);
                // A poisoned lock still holds a whole source.
                let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
                ids.next(self.now, rand::random(), lane.generation, partition)
            }
        };
        let job = Job {
            id,
            job_type: route.job_type.clone(),
            payload: wanted.payload,
            accepted_at: self.now,
            stamp: route.stamp(id)?,
            priority: wanted.priority,
            idempotency_key: wanted.key.map(str::to_owned),
            traceparent: wanted.traceparent,
            redrives: 0,
            run_at: None,
            unknown: serde_json::Map::new(),
        };
        Ok(Admitted { job, route })
    }
}

impl Admitted<'_> {
    /// The job as a record of its queue's topic.
    ///
    /// # Errors
    /// When it cannot be written: a bug.
    pub(crate) fn record(&self) -> Result<Append, Problem> {
        let value = encode_job(&self.job).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
        let (topic, partition) = (self.route.lane.topic.clone(), self.job.id.partition());
        let durability = self.route.lane.durability;
        Ok(Append { topic, partition, key: None, value: Some(value), durability })
    }

    /// The job as the queue takes it in.
    pub(crate) fn into_new_job(self) -> NewJob {
        let Route { dedup_window, max_pending, .. } = *self.route;
        NewJob { max_pending, ..NewJob::new(self.job, dedup_window) }
    }
}

fn place(places: &mut Vec<(Arc<Lane>, Partition)>, lane: &Arc<Lane>) -> Partition {
    match places.iter().find(|(known, _)| Arc::ptr_eq(known, lane)) {
        Some((_, partition)) => *partition,
        None => {
            let partition = lane.next_partition();
            places.push((Arc::clone(lane), partition));
            partition
        }
    }
}

fn too_large(route: &Route, bytes: u64) -> Problem {
    let (job_type, max) = (&route.job_type, route.payload_bytes_max);
    let detail = format!("The payload is {bytes} bytes long; `{job_type}` accepts at most {max}.");
    Problem::new(Kind::PayloadTooLarge, detail).with("bytes", bytes).with("bytes_max", max)
}
