//! Idempotency keys and trace contexts, as callers give them.

use axum::http::HeaderMap;
use wasmill_http::{Kind, Problem};

/// The longest key, in bytes: it stands in every copy of the job's record.
const KEY_BYTES_MAX: usize = 256;

/// The key a request carries: the header's or the body's. A header may be quoted, as the IETF draft wants it, or bare.
///
/// # Errors
/// When both are given and differ, or the key is empty or too long.
pub(crate) fn choose_key<'k>(
    headers: &'k HeaderMap,
    body: Option<&'k str>,
) -> Result<Option<&'k str>, Problem> {
    let header = match headers.get("idempotency-key") {
        None => None,
        Some(value) => {
            let text = value
                .to_str()
                .map_err(|_| invalid("The Idempotency-Key header must be plain ASCII."))?
                .trim();
            Some(text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text))
        }
    };
    match (header, body) {
        (Some(header), Some(body)) if header != body => Err(invalid(
            "The Idempotency-Key header and the field `idempotency_key` differ; send one of them.",
        )),
        (header, body) => header.or(body).map(check_key).transpose(),
    }
}

/// # Errors
/// When the key is empty or too long.
pub(crate) fn check_key(key: &str) -> Result<&str, Problem> {
    match key.len() {
        1..=KEY_BYTES_MAX => Ok(key),
        0 => Err(invalid(
            "The idempotency key is empty; leave it out, or send what makes this job the same job.",
        )),
        bytes => {
            let detail =
                format!("The idempotency key is {bytes} bytes long; at most {KEY_BYTES_MAX} are accepted.");
            Err(invalid(&detail).with("bytes", bytes).with("bytes_max", KEY_BYTES_MAX))
        }
    }
}

/// The caller's trace context, when it is one. An invalid one is dropped, as the W3C recommendation asks: the trace
/// begins anew.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    is_traceparent(text).then(|| text.to_owned())
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros (W3C Trace Context, section 3.2).
pub(crate) fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |digits: usize, zeros: bool| {
        parts.next().is_some_and(|part| {
            part.len() == digits
                && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                && (zeros || part.bytes().any(|byte| byte != b'0'))
        })
    };
    let known = text.starts_with("00-") && hex(2, true) && hex(32, false) && hex(16, false) && hex(2, true);
    known && parts.next().is_none()
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Kind::InvalidField, detail).with("field", "idempotency_key")
}

#[cfg(test)]
mod tests;
