//! What trouble of the stores means for whoever asked: the stores' own words go into the log of the process.

use axum::body::Body;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use wasmill_catalog::{Refusal, StoreError};
use wasmill_http::{Budget, Kind, Problem, malformed, read_body, require};
use wasmill_log::{AppendError, ReadError};
use wasmill_queue::QueueError;

/// The largest JSON body, in bytes: a routing table of thousands of types.
const JSON_BYTES_MAX: usize = 4 << 20;

/// Reads a JSON body into a request type that refuses unknown fields.
///
/// # Errors
/// 415, 413, 408, and 400 with the place of the mistake.
pub(crate) async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    budget: &Budget,
) -> Result<T, Problem> {
    require(headers, &["application/json"])?;
    let text = read_body(body, JSON_BYTES_MAX, &mut budget.hold()).await?;
    serde_json::from_slice(&text).map_err(|error| malformed(&text, &error))
}

/// The problem for what the artifact store says. Its sentences are written for operators, who are the readers here.
pub(crate) fn store_problem(error: &StoreError) -> Problem {
    let kind = match error {
        StoreError::Conflict(_) => Kind::CatalogMoved,
        StoreError::TagTaken { .. } => Kind::ModuleConflict,
        StoreError::NoRevision(_) => Kind::UnknownRevision,
        StoreError::NoToken(_) => Kind::UnknownToken,
        StoreError::TokenTaken(_) | StoreError::TokenMoved(_) => Kind::TokenConflict,
        StoreError::Away { .. } => Kind::Unavailable,
        _ => Kind::Internal,
    };
    if kind.status().is_server_error() {
        tracing::warn!(%error, "the artifact store failed");
    }
    Problem::new(kind, sentence(error))
}

/// The problem for a change of the routing table that is refused.
pub(crate) fn refusal_problem(refusal: &Refusal) -> Problem {
    let kind = match refusal {
        Refusal::NoType(_) | Refusal::NoQueue(_) | Refusal::NoGeneration { .. } => Kind::UnknownEntry,
        Refusal::QueueInUse { .. } | Refusal::Current { .. } => Kind::InUse,
        Refusal::ModulesGone { .. } | Refusal::Moved { .. } | Refusal::Layout(_) => Kind::CatalogRefused,
    };
    Problem::new(kind, sentence(refusal))
}

pub(crate) fn queue_problem(error: &QueueError) -> Problem {
    tracing::warn!(%error, "the queue did not answer");
    let kind = match error {
        QueueError::Unavailable { .. } => Kind::Unavailable,
        QueueError::Closed => Kind::ShuttingDown,
        QueueError::Malformed { .. } => Kind::Internal,
    };
    Problem::new(kind, sentence(error)).retry_after(1)
}

pub(crate) fn append_problem(error: &AppendError) -> Problem {
    tracing::warn!(%error, "the log did not store records");
    let kind = match error {
        AppendError::Full { .. } => Kind::StorageFull,
        AppendError::Busy => Kind::LogBusy,
        AppendError::Refused { .. } => Kind::LogRefuses,
        AppendError::TooLarge { .. } => Kind::PayloadTooLarge,
        AppendError::Unknown { .. } => Kind::OutcomeUnknown,
        AppendError::Closed => Kind::ShuttingDown,
    };
    Problem::new(kind, sentence(error))
}

pub(crate) fn read_problem(error: &ReadError) -> Problem {
    tracing::warn!(%error, "the log could not be read");
    let kind = match error {
        ReadError::Unavailable { .. } | ReadError::Refused { .. } => Kind::Unavailable,
        ReadError::Closed => Kind::ShuttingDown,
        ReadError::Corrupt { .. } | ReadError::Gone { .. } => Kind::Internal,
    };
    Problem::new(kind, sentence(error))
}

fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    format!("{}{}.", first.collect::<String>(), chars.as_str().trim_end_matches('.'))
}
