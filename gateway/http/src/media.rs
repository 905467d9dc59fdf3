//! What a body claims to be, and whether a route takes it. Refusing what is not named also stops browsers: a page of
//! another origin can send `text/plain` or a form without asking, but not `application/json`.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::{Kind, Problem};

/// The media type without its parameters, as it was written; empty when there is none.
pub fn essence(headers: &HeaderMap) -> &str {
    let whole = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim()
}

/// Refuses a body that is compressed or is none of `accepted`.
///
/// # Errors
/// 415, naming what would be accepted.
pub fn require(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Problem> {
    uncompressed(headers)?;
    let found = essence(headers);
    if accepted.iter().any(|name| name.eq_ignore_ascii_case(found)) {
        return Ok(());
    }
    let wanted = accepted.join(" or ");
    let detail = match found {
        "" => format!("The request has no content type; send `Content-Type: {wanted}`."),
        _ => format!("`{found}` is not accepted here; send `Content-Type: {wanted}`."),
    };
    Err(Problem::new(Kind::UnsupportedMediaType, detail).with("accepted", accepted.to_vec()))
}

/// Refuses a compressed body: limits are on what arrives, and nothing may unfold behind them.
///
/// # Errors
/// 415.
pub fn uncompressed(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(Problem::new(
            Kind::UnsupportedMediaType,
            "Compressed bodies are not accepted; send it without Content-Encoding.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
