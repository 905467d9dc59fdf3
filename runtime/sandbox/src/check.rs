//! What happens to a module at deploy, before anything compiles it: is it a handler, and may it be one here?

mod census;
mod convert;
pub(crate) mod exit;
mod packages;
mod reasons;
mod shape;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wasmill_job::{Import, ModuleDigest};
use wasmparser::{Validator, WasmFeatures};

pub use reasons::CheckError;
pub(crate) use shape::needed_grant;

/// A module that has passed: valid, of our world, and a component.
#[derive(Clone)]
pub struct Component {
    digest: ModuleDigest,
    bytes: Bytes,
    imports: Vec<String>,
    exports: Vec<String>,
    speaks: Speaks,
}

/// How a module is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// It exports the contract's handler.
    Handler,
    /// It is a command program of WASI: payload on its standard input, result on its standard output.
    Program,
}

/// How large a module may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckLimits {
    /// Bytes of an upload. Default 32 MiB: a Python interpreter with its library has room, and little else that is
    /// larger is meant to be a handler.
    pub module_bytes: u64,
}

impl Speaks {
    /// The world it is written for.
    pub fn world(self) -> &'static str {
        match self {
            Self::Handler => "wasmill:job/job-handler@1.0.0",
            Self::Program => "wasi:cli/command@0.2",
        }
    }
}

impl Component {
    /// The digest of the bytes that were uploaded: the module's name.
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    /// The component: what was uploaded, or what the uploaded core module became.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The interfaces whose functions it calls, such as `wasmill:job/log@1.0.0`, in order.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// What it exports, in order.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }

    /// How it is called.
    pub fn speaks(&self) -> Speaks {
        self.speaks
    }

    /// What its job type's route may grant with effect: what it must, and what modules of WASI reach without naming it.
    pub fn uses(&self) -> impl Iterator<Item = Import> + '_ {
        let through_wasi =
            [("wasi:clocks/", Import::Clock), ("wasi:random/", Import::Random), ("wasi:http/", Import::Http)];
        let used = through_wasi
            .into_iter()
            .filter(|(interface, _)| self.imports.iter().any(|import| import.starts_with(interface)));
        self.asks().chain(used.map(|(_, import)| import))
    }

    /// What its job type's route must grant, because it imports it.
    pub fn asks(&self) -> impl Iterator<Item = Import> + '_ {
        self.imports.iter().filter_map(|import| needed_grant(import))
    }
}

/// Checks an upload and makes a component of it. Nothing is compiled or run. About 2 ms for a small module, 1 s for
/// one of 20 MB.
///
/// # Errors
/// When it is no handler: the reason says what to do about it.
pub fn check(bytes: &[u8], limits: &CheckLimits) -> Result<Component, CheckError> {
    // The decoders are written for the output of compilers. Should one panic on garbage, the garbage is refused.
    catch_unwind(AssertUnwindSafe(|| check_whole(bytes, limits))).unwrap_or(Err(CheckError::Unreadable))
}

fn check_whole(bytes: &[u8], limits: &CheckLimits) -> Result<Component, CheckError> {
    let size = bytes.len() as u64;
    if size > limits.module_bytes {
        return Err(CheckError::TooLarge { bytes: size, max: limits.module_bytes });
    }
    let kind = census::kind(bytes)?;
    census::take(bytes)?;
    let invalid = |error: wasmparser::BinaryReaderError| CheckError::Invalid {
        reason: error.message().into(),
        offset: error.offset(),
    };
    Validator::new_with_features(features()).validate_all(bytes).map_err(invalid)?;
    packages::judge(bytes, kind)?;
    let component = match kind {
        census::Kind::Component => Bytes::copy_from_slice(bytes),
        census::Kind::Module => Bytes::from(convert::component_of(bytes)?),
    };
    let shape::Shape { imports, exports, speaks } = shape::of(&component)?;
    Ok(Component { digest: ModuleDigest::of(bytes), bytes: component, imports, exports, speaks })
}

/// What a module may use of WebAssembly: the same as the engine allows, which a test compares.
pub(crate) fn features() -> WasmFeatures {
    WasmFeatures::WASM3
        .union(WasmFeatures::COMPONENT_MODEL)
        .difference(WasmFeatures::MEMORY64)
        .difference(WasmFeatures::MULTI_MEMORY)
        .difference(WasmFeatures::THREADS)
        .difference(WasmFeatures::RELAXED_SIMD)
        .difference(WasmFeatures::EXCEPTIONS)
        .difference(WasmFeatures::FUNCTION_REFERENCES)
        .difference(WasmFeatures::GC)
        .difference(WasmFeatures::GC_TYPES)
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, bytes, imports, exports, speaks } = self;
        f.debug_struct("Component")
            .field("digest", digest)
            .field("bytes", &bytes.len())
            .field("imports", imports)
            .field("exports", exports)
            .field("speaks", speaks)
            .finish()
    }
}

impl Default for CheckLimits {
    fn default() -> Self {
        Self { module_bytes: 32 << 20 }
    }
}

#[cfg(test)]
mod tests;
