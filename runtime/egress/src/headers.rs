//! Header fields: which of them a handler may send, and which it is shown. Pure.

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};

use crate::config::Limits;
use crate::error::{EgressError, Part};
use crate::message::HeaderText;

#[cfg(test)]
mod tests;

/// Fields about one connection or one message's framing (RFC 9110, 7.6.1; RFC 9112, 6 and 7): the gate's, not the handler's.
const OF_THE_CONNECTION: [&str; 10] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What counts beside name and text of a field: `: ` and the line's end.
const FIELD_EXTRA_BYTES: u64 = 4;

/// The fields of a request as they go out, and their bytes. A `content-length` that tells the truth is taken and
/// dropped, as standard libraries set it; every other field that is not the handler's is refused by name.
pub(crate) fn outgoing(
    fields: &[(String, HeaderText)],
    body_bytes: usize,
    limits: &Limits,
) -> Result<(HeaderMap, u64), EgressError> {
    let too_large = || EgressError::TooLarge {
        part: Part::RequestHeaders { fields_max: limits.header_count },
        limit: limits.header_bytes,
    };
    if fields.len() > limits.header_count {
        return Err(too_large());
    }
    let mut headers = HeaderMap::with_capacity(fields.len());
    let mut bytes = 0_u64;
    for (name, text) in fields {
        bytes = bytes.saturating_add(name.len() as u64 + text.bytes().len() as u64 + FIELD_EXTRA_BYTES);
        if bytes > limits.header_bytes {
            return Err(too_large());
        }
        let Ok(known) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(EgressError::invalid(format!("{name:.40?} is not the name of a header")));
        };
        if known == CONTENT_LENGTH {
            if text.bytes().as_ref() != body_bytes.to_string().as_bytes() {
                return Err(EgressError::invalid(
                    "`content-length` is not the length of the body; leave it out, it is set for you",
                ));
            }
            continue;
        }
        if is_forbidden(known.as_str()) {
            return Err(EgressError::invalid(format!(
                "the header `{known}` is set by the sandbox, not by handlers; leave it out"
            )));
        }
        let Ok(mut value) = HeaderValue::from_maybe_shared(text.bytes().clone()) else {
            return Err(EgressError::invalid(format!(
                "the header `{known}` has a line break or another control character in its text"
            )));
        };
        value.set_sensitive(text.is_secret());
        headers.append(known, value);
    }
    Ok((headers, bytes))
}

/// The bytes of a response's header, or that it is too large.
pub(crate) fn measure(headers: &HeaderMap, limits: &Limits) -> Result<u64, EgressError> {
    let bytes = bytes_of(headers);
    if headers.len() > limits.header_count || bytes > limits.header_bytes {
        return Err(response_too_large(limits));
    }
    Ok(bytes)
}

/// The header of a response has too many fields or bytes.
pub(crate) fn response_too_large(limits: &Limits) -> EgressError {
    let part = Part::ResponseHeaders { fields_max: limits.header_count };
    EgressError::TooLarge { part, limit: limits.header_bytes }
}

/// Name, text and separators of all fields.
pub(crate) fn bytes_of(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len()) as u64 + FIELD_EXTRA_BYTES).sum()
}

/// The fields of a response that a handler is shown: not those of the connection, nor those that `connection` names.
pub(crate) fn incoming(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    let shown = |name: &str| !OF_THE_CONNECTION.contains(&name) && !named.iter().any(|hidden| hidden == name);
    let fields = headers.iter().filter(|(name, _)| shown(name.as_str()));
    fields.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

/// `expect` would make a server wait for an answer that never comes.
fn is_forbidden(name: &str) -> bool {
    OF_THE_CONNECTION.contains(&name) || name == "host" || name == "expect" || name.starts_with("proxy-")
}
