//! `GET /v1/lanes`: how far each partition of the log is on its way: what is in the log, what the relay has carried to the
//! queue, what is settled.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::{Offset, Partition, Scope, Topic, TopicPartition};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::router::{Console, Storage};
use crate::trouble::{queue_problem, read_problem};

/// The lanes of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lanes {
    /// In order of their names. None without a log.
    lanes: Vec<LaneRow>,
}

/// One partition of a queue's topic, or of a topic of parked jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) struct LaneRow {
    pub(crate) topic: String,
    pub(crate) partition: u32,
    /// The offset of the oldest record that still owes something.
    pub(crate) floor: u64,
    /// The offset the queue wants next; absent while it does not know the partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wanted: Option<u64>,
    /// The offset the next record will have.
    pub(crate) next: u64,
    /// Records that are not relayed yet.
    pub(crate) lag: u64,
    /// Records that still owe something.
    pub(crate) unsettled: u64,
    /// When the record at the floor was stored; absent where nothing is unsettled, or it was not looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oldest_at_ms: Option<u64>,
    /// How long the log keeps a record, settled or not; absent where it keeps them for ever, or it was not looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retention_ms: Option<u64>,
}

/// So many lanes are looked at at once: a log over the network answers each in a round trip.
const AT_ONCE: usize = 32;
/// How long looking up ages may take: a page shows lanes without them rather than wait.
const AGES_WITHIN: Duration = Duration::from_secs(1);

/// Shows how far each partition of the log is on its way.
#[utoipa::path(
    get, path = "/v1/lanes", tag = "status",
    responses(
        (status = 200, description = "The lanes.", body = Lanes),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_lanes<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
) -> Result<Json<Lanes>, Problem> {
    let mut lanes = match &console.storage {
        Storage::Log(log) => lanes(log, &console.queue).await?,
        Storage::Queue => Vec::new(),
    };
    lanes.retain(|lane| lane.is_seen(caller.scope()));
    if let Storage::Log(log) = &console.storage {
        find_ages(log, &mut lanes).await;
    }
    Ok(Json(Lanes { lanes }))
}

/// Every lane of jobs. Cost: O(lanes + settled ranges).
pub(crate) async fn lanes<L: Log, Q: Queue>(log: &L, queue: &Q) -> Result<Vec<LaneRow>, Problem> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut looking = JoinSet::new();
    let places = log.partitions().await.map_err(|error| read_problem(&error))?;
    for place in places {
        if !place.topic.is_queue() && place.topic.parked_type().is_none() {
            continue;
        }
        let (log, queue, permits) = (log.clone(), queue.clone(), Arc::clone(&permits));
        looking.spawn(async move {
            // It is never closed, so there is one.
            let _permit = permits.acquire().await;
            look(&log, &queue, place).await
        });
    }
    let mut lanes = Vec::with_capacity(looking.len());
    while let Some(looked) = looking.join_next().await {
        let row = looked.map_err(|error| Problem::new(Kind::Internal, format!("A look failed: {error}.")))?;
        lanes.push(row?);
    }
    lanes.sort_unstable();
    Ok(lanes)
}

/// One lane.
pub(crate) async fn look<L: Log, Q: Queue>(
    log: &L,
    queue: &Q,
    place: TopicPartition,
) -> Result<LaneRow, Problem> {
    // The queue first: the log only grows, so what is counted was there when the queue answered.
    let progress = queue.progress(&place).await.map_err(|error| queue_problem(&error))?;
    let floor = progress.floor;
    let wanted = queue.wanted(&place, floor).await.map_err(|error| queue_problem(&error))?;
    let bounds = log.bounds(&place).await.map_err(|error| read_problem(&error))?;
    let settled: u64 = progress.settled.iter().map(|range| range.end - range.start).sum();
    let next = bounds.next.0;
    // What retention has dropped is not there to be relayed.
    let carried = wanted.map_or(floor.max(bounds.first), |wanted| wanted.max(bounds.first));
    Ok(LaneRow {
        topic: place.topic.to_string(),
        partition: place.partition.0,
        floor: floor.0,
        wanted: wanted.map(|wanted| wanted.0),
        next,
        lag: next.saturating_sub(carried.0),
        unsettled: next.saturating_sub(floor.0.max(bounds.first.0)).saturating_sub(settled),
        oldest_at_ms: None,
        retention_ms: None,
    })
}

/// Looks up how old the oldest record is that each lane still owes something for, and how long records are kept: as far as the
/// log tells in time. Cost: one record read for each lane with unsettled ones, so not for every look.
pub(crate) async fn find_ages<L: Log>(log: &L, lanes: &mut [LaneRow]) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut looking = JoinSet::new();
    for (at, lane) in lanes.iter().enumerate().filter(|(_, lane)| lane.unsettled > 0) {
        let (log, permits) = (log.clone(), Arc::clone(&permits));
        let place = TopicPartition::new(Topic::from(lane.topic.as_str()), Partition(lane.partition));
        let floor = Offset(lane.floor);
        looking.spawn(async move {
            // It is never closed, so there is one.
            let _permit = permits.acquire().await;
            let retention = log.retention(&place.topic).await.ok().flatten();
            // What retention has dropped owes something still, and nobody knows since when.
            let first = log.bounds(&place).await.ok()?.first.max(floor);
            let oldest = log.read(&place, first, 1).await.ok()?;
            Some((at, oldest.first().map(|oldest| oldest.stored_at), retention))
        });
    }
    let until = Instant::now() + AGES_WITHIN;
    while let Ok(Some(looked)) = timeout_at(until, looking.join_next()).await {
        // A look that failed leaves its lane without an age.
        let Ok(Some((at, stored_at, retention))) = looked else { continue };
        lanes[at].oldest_at_ms = stored_at.map(|at| at.0);
        lanes[at].retention_ms = retention.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    }
}

impl LaneRow {
    /// Whether it is shown to whoever has this scope: queues are not of one job type, topics of parked jobs are.
    pub(crate) fn is_seen(&self, scope: &Scope) -> bool {
        let parked = Topic::from(self.topic.as_str()).parked_type();
        parked.is_none_or(|job_type| scope.covers(&job_type))
    }
}
