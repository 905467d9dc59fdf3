//! The payload: a picture as it is, or inside JSON with a size. Shows how a type reads a format of its own.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use wasmill_sdk::{Failure, FromPayload};

/// A picture and how large it may stay.
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) max_edge: NonZeroU32,
}

#[derive(Deserialize)]
struct Request {
    image: String,
    max_edge: Option<NonZeroU32>,
}

const MAX_EDGE: NonZeroU32 = NonZeroU32::new(256).unwrap();

impl FromPayload for Picture {
    fn from_payload(payload: Vec<u8>) -> Result<Self, Failure> {
        // No picture begins with a brace.
        if payload.first() != Some(&b'{') {
            return Ok(Self { bytes: payload, max_edge: MAX_EDGE });
        }
        let request: Request = serde_json::from_slice(&payload)
            .map_err(|error| Failure::reject(format_args!("the payload does not decode: {error}")))?;
        let bytes = STANDARD
            .decode(request.image)
            .map_err(|error| Failure::reject(format_args!("`image` is no base64: {error}")))?;
        Ok(Self { bytes, max_edge: request.max_edge.unwrap_or(MAX_EDGE) })
    }
}
