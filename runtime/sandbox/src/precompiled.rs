//! The one unsafe call: machine code back from bytes.
#![allow(unsafe_code)]

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

use crate::artifact::{Artifact, Code};

/// The component that `artifact` holds.
///
/// # Errors
/// When it was made by another version or with other settings of the engine.
pub(crate) fn deserialize(engine: &Engine, artifact: &Artifact) -> Result<Component> {
    match artifact.code() {
        // SAFETY: The engine believes what stands in these bytes, so they must come unchanged from its compiler. An
        // `Artifact` with code in memory is only made in `sandbox.rs`, from the compiler's own answer in this process.
        // Artifacts of another version or other settings are refused by the engine itself.
        Code::Memory(code) => unsafe { Component::deserialize(engine, code) },
        // SAFETY: An `Artifact` with a file is only made in `artifact.rs`, for a file in a folder that only this user can
        // write: right after it was written there with the compiler's answer, or after its seal was found right for this
        // very file, which it had been given when those bytes were written or verified. Files there are made aside, renamed
        // and never written again, so what is mapped does not change under the engine.
        Code::File(path) => unsafe { Component::deserialize_file(engine, path) },
    }
}
