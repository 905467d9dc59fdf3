//! CloudEvents 1.0, HTTP binding in binary mode: the attributes are headers, the body is the payload, of any content
//! type. It is the way to post a payload that is not JSON.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use wasmill_http::{Kind, Problem, did_you_mean, essence, near};

use crate::key::{check_key, is_traceparent};

/// What an event says besides its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) job_type: String,
    /// Made of `ce-source` and `ce-id`, which together name an event (CloudEvents 1.0, "source").
    pub(crate) key: Option<String>,
    pub(crate) traceparent: Option<String>,
}

/// The attributes that are read. `ce-time` and `ce-tracestate` are taken and not handed on: every SDK sends the one, and
/// the other may be dropped by whoever does not use it.
const ATTRIBUTES: [&str; 7] =
    ["ce-specversion", "ce-type", "ce-source", "ce-id", "ce-time", "ce-traceparent", "ce-tracestate"];

/// Whether the request is an event in binary mode.
pub(crate) fn is_event(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// Refuses an event in one of the modes that are not taken, with a hint how to send it.
///
/// # Errors
/// 415.
pub(crate) fn refuse_structured(headers: &HeaderMap) -> Result<(), Problem> {
    let found = essence(headers);
    if found.get(..24).is_some_and(|start| start.eq_ignore_ascii_case("application/cloudevents+")) {
        let detail =
            "CloudEvents are taken in binary mode only: attributes in `ce-` headers, the data as the body.";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    Ok(())
}

/// Reads the attributes.
///
/// # Errors
/// When one is missing, not valid, or not carried yet.
pub(crate) fn read_event(headers: &HeaderMap) -> Result<Event, Problem> {
    for name in headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("ce-")) {
        if !ATTRIBUTES.contains(&name) {
            let near = near(name, ATTRIBUTES);
            let hint = did_you_mean(&near);
            let detail =
                format!("The attribute `{name}` cannot be handed to a handler yet; leave it out.{hint}");
            return Err(Problem::new(Kind::NotBuilt, detail).with("field", name).with("near", near));
        }
    }
    let version = attribute(headers, "ce-specversion")?;
    if version.as_deref() != Some("1.0") {
        return Err(invalid("ce-specversion", "`ce-specversion` must be 1.0.".into()));
    }
    let missing = |name: &'static str, why: &str| invalid(name, format!("`{name}` is missing: {why}."));
    let job_type = attribute(headers, "ce-type")?
        .ok_or_else(|| missing("ce-type", "it names the job type"))?
        .into_owned();
    let source = attribute(headers, "ce-source")?
        .ok_or_else(|| missing("ce-source", "it says where the event comes from"))?;
    // A source is a URI reference and has no spaces, so the pair is unambiguous.
    let key = attribute(headers, "ce-id")?.map(|id| format!("{source} {id}"));
    if let Some(key) = &key {
        check_key(key).map_err(|problem| invalid("ce-id", problem.detail().to_owned()))?;
    }
    let traceparent =
        attribute(headers, "ce-traceparent")?.filter(|text| is_traceparent(text)).map(Cow::into_owned);
    Ok(Event { job_type, key, traceparent })
}

/// Values are percent-encoded (HTTP binding 1.0, section 3.1.3.2).
fn attribute<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<Cow<'h, str>>, Problem> {
    let unreadable = || invalid(name, format!("`{name}` is not valid: percent-encode what is not ASCII."));
    let read = |value: &'h HeaderValue| {
        let text = value.to_str().map_err(|_| unreadable())?;
        percent_decode_str(text).decode_utf8().map_err(|_| unreadable())
    };
    headers.get(name).map(read).transpose()
}

fn invalid(name: &str, detail: String) -> Problem {
    Problem::new(Kind::InvalidEvent, detail).with("field", name)
}

#[cfg(test)]
mod tests;
