//! How a payload becomes a handler's argument, and its answer an output: JSON for serde types, and bytes as they
//! are for [`Raw`].

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// Bytes as they are: a payload that is no JSON, or an output that shall not become any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw(pub Vec<u8>);

/// What a handler can take. Every type that serde can read is taken from JSON; a type that serde cannot read may
/// implement this for a format of its own.
#[diagnostic::on_unimplemented(
    message = "a payload cannot become a `{Self}`",
    note = "derive `serde::Deserialize` to read JSON, or take `wasmill_sdk::Raw` for the bytes"
)]
pub trait FromPayload: Sized {
    /// Reads the payload. A payload that cannot be read now never can: answer a reject.
    fn from_payload(payload: Vec<u8>) -> Result<Self, Failure>;
}

/// What a handler can answer. Every type that serde can write becomes JSON; a type that serde cannot write may
/// implement this for a format of its own.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot become an output",
    note = "derive `serde::Serialize` to write JSON, or answer `wasmill_sdk::Raw` with the bytes"
)]
pub trait IntoOutput {
    /// Writes the output.
    fn into_output(self) -> Result<Vec<u8>, Failure>;
}

/// From JSON; an empty payload reads as `null`, so that `()` and `Option<T>` take it.
impl<T: DeserializeOwned> FromPayload for T {
    fn from_payload(payload: Vec<u8>) -> Result<Self, Failure> {
        if payload.is_empty() {
            return serde_json::from_slice(b"null")
                .map_err(|error| Failure::reject(format_args!("the payload is empty: {error}")));
        }
        serde_json::from_slice(&payload)
            .map_err(|error| Failure::reject(format_args!("the payload does not decode: {error}")))
    }
}

/// To JSON. A value that cannot be JSON, such as a map whose keys are no text, is a reject.
impl<T: Serialize> IntoOutput for T {
    fn into_output(self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(&self)
            .map_err(|error| Failure::reject(format_args!("the output does not encode: {error}")))
    }
}

/// The bytes as they came, none of them read or copied.
impl FromPayload for Raw {
    fn from_payload(payload: Vec<u8>) -> Result<Self, Failure> {
        Ok(Self(payload))
    }
}

impl IntoOutput for Raw {
    fn into_output(self) -> Result<Vec<u8>, Failure> {
        Ok(self.0)
    }
}

impl Deref for Raw {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Raw {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests;
