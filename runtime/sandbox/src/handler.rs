//! A module that is loaded and ready to be called.

use std::fmt;
use std::sync::Arc;

use wasmill_job::ModuleDigest;
use wasmtime::Engine;

use crate::guest::Guest;
use crate::world::InstancePre;

/// A loaded module, its imports linked, ready for [`Sandbox::run`](crate::Sandbox::run) in the sandbox that loaded
/// it. Cheap to clone.
#[derive(Clone)]
pub struct Handler {
    digest: ModuleDigest,
    pre: Arc<InstancePre<Guest>>,
}

/// Why a module cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The artifact is not of this engine.
    #[error(
        "the precompiled module {digest} is not usable by this build; delete it and compile the module again: {reason}"
    )]
    Incompatible { digest: ModuleDigest, reason: String },
    /// It needs more than the sandbox can ever give, or something the host does not have.
    #[error("the module {digest} cannot run in this sandbox: {reason}")]
    Unfit { digest: ModuleDigest, reason: String },
}

impl Handler {
    pub(crate) fn new(digest: ModuleDigest, pre: InstancePre<Guest>) -> Self {
        Self { digest, pre: Arc::new(pre) }
    }

    /// Which module it is.
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    pub(crate) fn is_of(&self, engine: &Engine) -> bool {
        Engine::same(self.pre.engine(), engine)
    }

    pub(crate) fn pre(&self) -> &InstancePre<Guest> {
        &self.pre
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("digest", &self.digest).finish_non_exhaustive()
    }
}
