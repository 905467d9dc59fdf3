//! The one unsafe call: machine code back from bytes.
#![allow(unsafe_code)]

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

use crate::artifact::Artifact;

/// The component that `artifact` holds.
///
/// # Errors
/// When it was made by another version or with other settings of the engine.
pub(crate) fn deserialize(engine: &Engine, artifact: &Artifact) -> Result<Component> {
    // SAFETY: The engine believes what stands in these bytes, so they must come unchanged from its compiler. An
    // `Artifact` can only be made in `artifact.rs`, in two ways: from the compiler's own answer in this process, or
    // from a file in a folder that only this user can write, after the SHA-256 written with it was verified over
    // the very bytes that are handed over here. They are in our memory, not in a mapped file, so nobody can change
    // them in between. Artifacts of another version or other settings are refused by the engine itself.
    unsafe { Component::deserialize(engine, artifact.code()) }
}
