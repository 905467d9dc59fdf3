//! A module that is loaded and ready to be called.

use std::fmt;
use std::sync::Arc;

use wasmill_job::{Import, ModuleDigest};
use wasmtime::Engine;

use crate::capability::wasi::Kind;
use crate::guest::Guest;
use crate::world::{PlainPre, ProgramPre, WaitingPre};

/// A loaded module, its imports linked, ready for [`Sandbox::run`](crate::Sandbox::run) in the sandbox that loaded
/// it. Cheap to clone.
#[derive(Clone)]
pub struct Handler {
    digest: ModuleDigest,
    inside: Arc<Inside>,
}

struct Inside {
    way: Way,
    asks: Vec<Import>,
}

/// How a module is called.
pub(crate) enum Way {
    /// On the caller's stack: it imports nothing but the contract.
    Plain(PlainPre<Guest>),
    /// On a stack of its own, so that it can be left while it waits: it imports WASI, too.
    Waiting(WaitingPre<Guest>),
    /// As a command program.
    Program(ProgramPre<Guest>),
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
    pub(crate) fn new(digest: ModuleDigest, way: Way, asks: Vec<Import>) -> Self {
        Self { digest, inside: Arc::new(Inside { way, asks }) }
    }

    /// Which module it is.
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    /// What its job type's route must grant, because it imports it.
    pub fn asks(&self) -> &[Import] {
        &self.inside.asks
    }

    pub(crate) fn is_of(&self, engine: &Engine) -> bool {
        Engine::same(self.inside.way.engine(), engine)
    }

    pub(crate) fn way(&self) -> &Way {
        &self.inside.way
    }
}

impl Way {
    fn engine(&self) -> &Engine {
        match self {
            Self::Plain(pre) => pre.engine(),
            Self::Waiting(pre) => pre.engine(),
            Self::Program(pre) => pre.engine(),
        }
    }

    /// What it is to WASI; `None` when it has none.
    pub(crate) fn wasi(&self) -> Option<Kind> {
        match self {
            Self::Plain(_) => None,
            Self::Waiting(_) => Some(Kind::Handler),
            Self::Program(_) => Some(Kind::Program),
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("digest", &self.digest).finish_non_exhaustive()
    }
}
