//! Storing: the one place that appends to the log, and says in an answer what its refusals mean for a caller.

use std::time::Instant;

use wasmill_http::{Kind, Problem};
use wasmill_job::Position;
use wasmill_log::{Append, AppendError, Log};

/// Appends, and answers only when all is durable.
///
/// # Errors
/// 507, 413 and 503 `shutting-down`: nothing was stored. 503 `outcome-unknown`: it may have been.
pub(crate) async fn store<L: Log>(log: &L, records: Vec<Append>) -> Result<Vec<Position>, AppendError> {
    let began = Instant::now();
    let positions = log.append(records).await;
    metrics::histogram!("wasmill_ingest_append_seconds").record(began.elapsed().as_secs_f64());
    if let Err(error) = &positions {
        tracing::warn!(%error, "the log did not store jobs");
    }
    positions
}

/// What a refusal of the log means for a caller. The log's own words, with its paths, are for the operator.
pub(crate) fn not_stored(error: &AppendError) -> Problem {
    match error {
        AppendError::Full { .. } => Problem::new(
            Kind::StorageFull,
            "Nothing was stored, because the log's disk is full; repeat when its operator has made room.",
        )
        .retry_after(30),
        AppendError::TooLarge { bytes, bytes_max } => {
            let detail = format!("The job's record is {bytes} bytes long; the log stores at most {bytes_max}.");
            Problem::new(Kind::PayloadTooLarge, detail).with("bytes", *bytes).with("bytes_max", *bytes_max)
        }
        AppendError::Unknown { .. } => Problem::new(
            Kind::OutcomeUnknown,
            "The log could not confirm that this was stored: repeat with the same idempotency key.",
        )
        .retry_after(1),
        AppendError::Closed => Problem::new(
            Kind::ShuttingDown,
            "Nothing was stored, because this gateway is shutting down: repeat on another one, or when it is back.",
        )
        .retry_after(5),
    }
}
