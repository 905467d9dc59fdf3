//! `GET /v1/queue/memory`: how much memory the servers have on which the queue lies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_http::{Problem, ProblemDocument};
use wasmill_log::Log;
use wasmill_queue::{Queue, ShardMemory};

use crate::router::Console;
use crate::trouble::queue_problem;

/// The memory of the queue's servers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemoryAnswer {
    /// Those that shards of the queue lie on, each once. None where the queue lies on a disk.
    pub(crate) servers: Vec<ServerMemory>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ServerMemory {
    /// Host and port.
    pub(crate) server: String,
    /// The shards on it.
    pub(crate) shards: Vec<u16>,
    /// It does not answer, and nothing of the rest is known.
    pub(crate) away: bool,
    pub(crate) used_bytes: u64,
    /// What it may use (`maxmemory`); absent when that has no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_bytes: Option<u64>,
    /// New jobs are refused, and wait in the log where there is one, until memory has become free.
    pub(crate) full: bool,
}

/// From here on no new jobs are pushed, in percent of what a server may use: three quarters, as the queue's README tells.
pub(crate) const FULL_PERCENT: u64 = 75;
/// Above so much of that a server is nearly full.
const NEARLY_PERCENT: u64 = 90;

impl ServerMemory {
    /// It takes jobs, but not many more: above nine tenths of where it is full.
    pub(crate) fn is_nearly_full(&self) -> bool {
        let limit = |max: u64| u128::from(max) * u128::from(FULL_PERCENT * NEARLY_PERCENT);
        let is_above = |max: u64| u128::from(self.used_bytes) * 10_000 > limit(max);
        !self.full && self.max_bytes.is_some_and(is_above)
    }
}

/// Tells how much memory the queue's servers use, may use, and whether new jobs are refused there.
#[utoipa::path(
    get, path = "/v1/queue/memory", tag = "queue",
    responses(
        (status = 200, description = "The servers.", body = MemoryAnswer),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_memory<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
) -> Result<Json<MemoryAnswer>, Problem> {
    let shards = console.queue.memory().await.map_err(|error| queue_problem(&error))?;
    Ok(Json(MemoryAnswer { servers: servers(shards) }))
}

/// The shards by their servers. Those of one were measured one after the other: the greatest number is told.
pub(crate) fn servers(shards: Vec<ShardMemory>) -> Vec<ServerMemory> {
    let mut servers: Vec<ServerMemory> = Vec::new();
    for ShardMemory { shard, server, used, max, is_away, is_full } in shards {
        match servers.iter_mut().find(|known| known.server == server) {
            Some(known) => {
                known.shards.push(shard);
                known.used_bytes = known.used_bytes.max(used);
                known.max_bytes = known.max_bytes.or(max);
                known.full |= is_full;
                // Shards are asked at once: one that has answered shows that it is there.
                known.away &= is_away;
            }
            None => servers.push(ServerMemory {
                server,
                shards: vec![shard],
                away: is_away,
                used_bytes: used,
                max_bytes: max,
                full: is_full,
            }),
        }
    }
    servers
}

#[cfg(test)]
mod tests;
