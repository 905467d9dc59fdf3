//! Takes a response in, counted as it comes, and no further than its limits.

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::allowance::Allowance;
use crate::config::Limits;
use crate::connection::failure;
use crate::error::{EgressError, Part};
use crate::headers;
use crate::message::Response;

/// The whole response. Trailers count, and are dropped.
pub(crate) async fn receive(
    response: http::Response<Incoming>,
    limits: &Limits,
    allowance: &mut Allowance,
) -> Result<Response, EgressError> {
    let (head, mut body) = response.into_parts();
    if head.status.is_informational() {
        return Err(EgressError::failed("the server wants to change the protocol, which nobody asked for"));
    }
    allowance.receive(headers::measure(&head.headers, limits)?)?;
    let limit = limits.response_body_bytes;
    let too_large = || EgressError::TooLarge { part: Part::ResponseBody, limit };
    // What the server announces; what it sends is counted all the same.
    if body.size_hint().lower() > limit {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&error, limits))?;
        if let Some(trailers) = frame.trailers_ref() {
            allowance.receive(headers::measure(trailers, limits)?)?;
            continue;
        }
        let Ok(data) = frame.into_data() else { continue };
        allowance.receive(data.len() as u64)?;
        if whole.len() as u64 + data.len() as u64 > limit {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    let status = head.status.as_u16();
    Ok(Response { status, headers: headers::incoming(&head.headers), body: whole.freeze() })
}
