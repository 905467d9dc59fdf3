//! `POST /v1/jobs`: one job, as JSON or as a CloudEvent.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::value::RawValue;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, read_body, require, uncompressed};
use wasmill_job::Priority;
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::admit::{Admission, Wanted};
use crate::event::{is_event, read_event, refuse_structured};
use crate::key::{choose_key, traceparent};
use crate::request::parse_line;
use crate::router::Ingest;
use crate::store::{Load, store};

/// The body of `POST /v1/jobs`, for the API's description.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its schema is used: bodies are read by `parse_line`")]
pub(crate) struct NewJob {
    /// The job type.
    #[schema(example = "hello")]
    r#type: String,
    /// Any JSON value. Its bytes reach the handler as they are. Absent: no bytes.
    payload: Option<serde_json::Value>,
    /// Repeats with the same type and key are the same job. 1 to 256 bytes.
    idempotency_key: Option<String>,
    /// Which jobs of its type it goes before: `low`, `normal` (the default), `high` or `urgent`.
    #[schema(example = "normal")]
    priority: Option<String>,
}

/// The answer to a stored job, for the API's description.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its schema is used: the answer is written by `post_job`")]
pub(crate) struct StoredJob {
    /// The job's id.
    #[schema(example = "0190163d-8694-8001-8000-64c2f1a0b3d5")]
    id: String,
    /// How durable it is: `quorum` means on all brokers of Kafka that are in sync, `leader` on the one that leads its
    /// partition, `fsync` on this machine's disk, `redis` as durable as that Redis is.
    #[schema(example = "fsync")]
    stored: String,
    /// Where its record stands: topic, partition, offset. Absent where there is no log.
    #[schema(example = "wasmill.q.default.1/3/1234")]
    receipt: Option<String>,
    /// True when the queue had the job already; only where there is no log.
    duplicate: Option<bool>,
}

/// Stores one job and answers when it is durable.
///
/// A CloudEvent in binary mode is a job as well: `ce-type` is its type, `ce-source` and `ce-id` its idempotency key (an
/// `Idempotency-Key` goes before), the body its payload, of any content type.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same as the field `idempotency_key`."),
        ("traceparent" = Option<String>, Header, description = "W3C trace context, handed on with the job."),
        ("ce-specversion" = Option<String>, Header, description = "1.0 makes the request a CloudEvent."),
        ("ce-type" = Option<String>, Header, description = "CloudEvent: the job type."),
        ("ce-source" = Option<String>, Header, description = "CloudEvent: where it comes from."),
        ("ce-id" = Option<String>, Header, description = "CloudEvent: with the source, the idempotency key."),
    ),
    request_body(content(
        (NewJob = "application/json"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (status = 202, description = "Stored.", body = StoredJob),
        (status = 400, description = "Not a job.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such type.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "Too slow.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "Too large.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many wait.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or unknown.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post_job<L: Log, Q: Queue>(
    State(ingest): State<Arc<Ingest<L, Q>>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if is_event(&headers) {
        post_event(&ingest, &caller, &headers, body).await
    } else {
        post_json(&ingest, &caller, &headers, body).await
    }
}

async fn post_json<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    refuse_structured(headers)?;
    require(headers, &["application/json"])?;
    let mut hold = ingest.budget.hold();
    let text = read_body(body, ingest.routes.now().text_bytes_max(), &mut hold).await?;
    let request = parse_line(&text).map_err(|error| error.into_problem(&text))?;
    let wanted = Wanted {
        job_type: &request.job_type,
        payload: payload_of(&text, request.payload),
        key: choose_key(headers, request.idempotency_key.as_deref())?,
        traceparent: traceparent(headers),
        priority: request.priority.unwrap_or_default(),
    };
    accept(ingest, caller, wanted).await
}

async fn post_event<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    uncompressed(headers)?;
    let event = read_event(headers)?;
    // Checked before the body is read: here the type is known, and so is its limit.
    let limit = ingest.routes.now().find(&event.job_type, caller)?.payload_bytes_max;
    let mut hold = ingest.budget.hold();
    let payload = read_body(body, usize::try_from(limit).unwrap_or(usize::MAX), &mut hold).await?;
    let wanted = Wanted {
        job_type: &event.job_type,
        payload,
        key: choose_key(headers, None)?.or(event.key.as_deref()),
        traceparent: traceparent(headers).or(event.traceparent),
        priority: Priority::Normal,
    };
    accept(ingest, caller, wanted).await
}

async fn accept<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    caller: &Caller,
    wanted: Wanted<'_>,
) -> Result<Response, Problem> {
    let routes = ingest.routes.now();
    let bytes = wanted.payload.len() as u64;
    let route = routes.find(wanted.job_type, caller)?;
    let admitted = Admission::new(&routes, &ingest.ids, caller, ingest.clock.now()).admit(wanted)?;
    let id = admitted.job.id;
    let mut load = Load::default();
    load.add(admitted)?;
    let mut kept = store(ingest, load).await.map_err(|error| error.problem())?;
    let (Some(kept), true) = (kept.pop(), kept.is_empty()) else {
        return Err(Problem::new(Kind::Internal, "One job was stored, and not one answer came back."));
    };
    let proof = kept.map_err(|error| error.problem())?.proof(route)?;
    route.accepted_jobs.increment(1);
    route.accepted_bytes.increment(bytes);
    // None of the three holds a character that JSON escapes.
    let stored = ingest.stored.word(route.path, route.lane.durability);
    let text = format!("{{\"id\":\"{id}\",\"stored\":\"{stored}\"{proof}}}");
    Ok((StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], text).into_response())
}

/// The payload's bytes, sharing the memory of the text they stand in.
pub(crate) fn payload_of(text: &Bytes, payload: Option<&RawValue>) -> Bytes {
    payload.map_or_else(Bytes::new, |payload| text.slice_ref(payload.get().as_bytes()))
}
