//! A job as a caller writes it: one JSON object, the body of `POST /v1/jobs` and each line of a batch. A pure
//! function, and the target of a fuzzer. The payload is never parsed, only delimited: its bytes are the caller's.

mod fields;

use std::borrow::Cow;

use serde::Deserializer;
use serde_json::value::RawValue;
use wasmill_http::{Kind, Place, Problem, did_you_mean, malformed};
use wasmill_job::Priority;

use fields::{Fields, FieldsVisitor};

/// What a caller asks for. Borrows from the text it was read from, where it can.
#[derive(Clone, Debug)]
pub struct JobRequest<'t> {
    /// As it was written; not checked against anything.
    pub job_type: Cow<'t, str>,
    /// The payload's bytes as they stand in the text, without the white space around them; `None` when there is no
    /// such field. `null` is a payload of four bytes.
    pub payload: Option<&'t RawValue>,
    pub idempotency_key: Option<Cow<'t, str>>,
    pub priority: Option<Priority>,
}

/// Why a text is no job.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("{error}")]
    Json {
        place: Place,
        #[source]
        error: serde_json::Error,
    },
    #[error("{error}")]
    Field { place: Place, error: FieldError },
    #[error("the field `type` is missing: it names the job type")]
    NoType,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("the field `{0}` is not built yet; leave it out")]
    NotBuilt(String),
    #[error("there is no field `{field}`.{}", did_you_mean(near))]
    Unknown { field: String, near: Vec<&'static str> },
    #[error("the field `{0}` comes twice; which one is meant?")]
    Twice(&'static str),
    #[error("{0} is no priority; write \"low\", \"normal\", \"high\" or \"urgent\"")]
    NoPriority(String),
}

/// Reads one job. Cost: one pass over the text, and no copy of the payload.
///
/// # Errors
/// When the text is not JSON, not an object, or has a field too many, twice, or of the wrong shape; with its place.
pub fn parse_line(text: &[u8]) -> Result<JobRequest<'_>, RequestError> {
    let mut refused = None;
    let mut from = serde_json::Deserializer::from_slice(text);
    let visitor = FieldsVisitor { refused: &mut refused };
    let read = from.deserialize_map(visitor).and_then(|fields| from.end().map(|()| fields));
    let fields = read.map_err(|error| {
        let place = Place::of(text, &error);
        match refused {
            Some(error) => RequestError::Field { place, error },
            None => RequestError::Json { place, error },
        }
    })?;
    let job_type = fields.job_type.ok_or(RequestError::NoType)?;
    let Fields { payload, idempotency_key, priority, .. } = fields;
    Ok(JobRequest { job_type, payload, idempotency_key, priority })
}

impl RequestError {
    /// The problem document. `text` is what was read.
    pub(crate) fn into_problem(self, text: &[u8]) -> Problem {
        match self {
            Self::Json { error, .. } => malformed(text, &error),
            Self::NoType => {
                Problem::new(Kind::InvalidField, "The field `type` is missing: it names the job type.")
                    .with("field", "type")
            }
            Self::Field { place, error } => place.in_problem(error.into_problem()),
        }
    }
}

impl FieldError {
    fn into_problem(self) -> Problem {
        match self {
            Self::NotBuilt(field) => {
                let detail = format!("The field `{field}` is not built yet; leave it out.");
                Problem::new(Kind::NotBuilt, detail).with("field", field)
            }
            Self::Unknown { field, near } => {
                let detail = format!("There is no field `{field}`.{}", did_you_mean(&near));
                Problem::new(Kind::UnknownField, detail).with("field", field).with("near", near)
            }
            Self::Twice(field) => {
                let detail = format!("The field `{field}` comes twice; which one is meant?");
                Problem::new(Kind::InvalidField, detail).with("field", field)
            }
            error @ Self::NoPriority(_) => {
                let known = Priority::FIRST_TO_LAST.map(Priority::as_str);
                let detail = format!("The field `priority`: {error}.");
                Problem::new(Kind::InvalidField, detail).with("field", "priority").with("known", known)
            }
        }
    }
}

#[cfg(test)]
mod tests;
