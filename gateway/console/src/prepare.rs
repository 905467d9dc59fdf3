//! What a deploy needs of the sandbox, handed in by whoever composes the process, so that the console does not have to
//! know an engine.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use wasmill_catalog::Asked;
use wasmill_job::ModuleDigest;

/// What is done with modules. Both block, and are called on threads for blocking work.
#[derive(Clone)]
pub struct Prepare {
    prepare: Arc<Look>,
    look: Arc<Look>,
}

type Look = dyn Fn(Bytes) -> Result<PreparedModule, ModuleRefusal> + Send + Sync;

/// A module that can be a handler here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedModule {
    /// The digest of the bytes that were uploaded.
    pub digest: ModuleDigest,
    /// The interfaces it imports, such as `wasmill:job/log@1.0.0`.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it asks its route for.
    pub asked: Asked,
}

/// Why an upload cannot be a handler here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModuleRefusal {
    #[error("the module is {bytes} bytes long; at most {bytes_max} are accepted")]
    TooLarge { bytes: u64, bytes_max: u64 },
    /// It is not Wasm, not valid, of another world, or imports what is not granted: a sentence.
    #[error("{reason}")]
    Unfit { reason: String },
    /// The host could not compile or keep it: not the module's fault.
    #[error("the module could not be compiled: {reason}")]
    Failed { reason: String },
}

impl Prepare {
    /// `prepare` checks an upload, makes a component of it if it is a core module, and compiles it, so that no job waits for
    /// that; it is called for one upload at a time. `look` only checks.
    pub fn new(
        prepare: impl Fn(Bytes) -> Result<PreparedModule, ModuleRefusal> + Send + Sync + 'static,
        look: impl Fn(Bytes) -> Result<PreparedModule, ModuleRefusal> + Send + Sync + 'static,
    ) -> Self {
        Self { prepare: Arc::new(prepare), look: Arc::new(look) }
    }

    pub(crate) fn run(&self, upload: Bytes) -> Result<PreparedModule, ModuleRefusal> {
        (self.prepare)(upload)
    }

    pub(crate) fn look(&self, module: Bytes) -> Result<PreparedModule, ModuleRefusal> {
        (self.look)(module)
    }
}

impl fmt::Debug for Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepare")
    }
}
