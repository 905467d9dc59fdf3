//! The sandbox: one engine, what handlers can reach, and the clock that stops them.

use std::fmt;
use std::sync::Arc;

use wasmill_egress::Egress;
use wasmill_job::{Limits, Outcome};
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;

use crate::artifact::Artifact;
use crate::check::{Component, needed_grant};
use crate::compiler::CompileError;
use crate::config::SandboxConfig;
use crate::handler::{Handler, LoadError, Way};
use crate::interrupt::Interrupt;
use crate::io::Io;
use crate::run::{self, Call};
use crate::ticker::Ticker;
use crate::world::{Linkers, PROGRAM, PlainPre, ProgramPre, WaitingPre};
use crate::{engine, precompiled};

/// Runs handlers. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    linkers: Linkers,
    /// Where guests wait.
    pub(crate) io: Io,
    pub(crate) ticker: Ticker,
    pub(crate) memory_bytes_max: u64,
    pub(crate) fuel: bool,
}

/// Why there can be no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("memory_bytes_max is {0}; it must be between 65536 (one page) and 4294967296 (4 GiB)")]
    MemoryMax(u64),
    #[error("instances is 0; at least one handler must be able to run")]
    NoInstances,
    #[error("this machine cannot run compiled WebAssembly: {0}")]
    Engine(String),
    #[error("the system gave no thread for the sandbox's clock: {0}")]
    Clock(#[source] std::io::Error),
}

impl Sandbox {
    /// A sandbox with its clock, in which no handler makes HTTP calls. Reserves address space, touches little of it.
    ///
    /// # Errors
    /// When a setting is impossible, or the machine cannot run compiled Wasm.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        Self::build(config, None)
    }

    /// The same for a process whose handlers may call services, through this gate.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn with_egress(config: SandboxConfig, egress: Egress) -> Result<Self, SandboxError> {
        Self::build(config, Some(egress))
    }

    fn build(config: SandboxConfig, egress: Option<Egress>) -> Result<Self, SandboxError> {
        if config.instances == 0 {
            return Err(SandboxError::NoInstances);
        }
        if !(1 << 16..=1 << 32).contains(&config.memory_bytes_max) {
            return Err(SandboxError::MemoryMax(config.memory_bytes_max));
        }
        let refused = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
        let built = engine::build(&config).map_err(refused)?;
        if let Some(reason) = &built.not_pooled {
            tracing::warn!(
                reason = format!("{reason:#}"),
                instances = config.instances,
                "instances are not pooled, which makes each job slower; is the address space limited (ulimit -v)?"
            );
        }
        let engine = built.engine;
        tracing::info!(
            instances = config.instances,
            memory_bytes_max = config.memory_bytes_max,
            pooled = engine.get_pooling_config().is_some(),
            pagemap_scan = engine::scans_pagemap(&engine),
            "sandbox ready"
        );
        Ok(Self(Arc::new(Inner {
            linkers: Linkers::new(&engine).map_err(refused)?,
            io: Io::new(egress),
            ticker: Ticker::start(engine.clone()).map_err(SandboxError::Clock)?,
            memory_bytes_max: config.memory_bytes_max,
            fuel: config.tuning.fuel,
            engine,
        })))
    }

    /// Compiles a module. Takes about 30 ms for a small one and seconds for one of megabytes, on one core; call it
    /// where blocking is allowed. [`ArtifactStore::compile`](crate::ArtifactStore::compile) does it once and keeps
    /// the artifact.
    ///
    /// # Errors
    /// When the compiler refuses it.
    pub fn compile(&self, component: &Component) -> Result<Artifact, CompileError> {
        Ok(Artifact::of_compiler(component.digest(), self.compile_code(component)?))
    }

    pub(crate) fn compile_code(&self, component: &Component) -> Result<Vec<u8>, CompileError> {
        let compiled = self.0.engine.precompile_component(component.bytes());
        compiled.map_err(|error| CompileError::Refused(format!("{error:#}")))
    }

    /// Makes a handler of an artifact: links it, and prepares its first memory. Under a millisecond for small ones.
    ///
    /// # Errors
    /// When the artifact belongs to another engine, or the module asks for what this sandbox cannot give.
    pub fn load(&self, artifact: &Artifact) -> Result<Handler, LoadError> {
        let digest = artifact.digest();
        let component = precompiled::deserialize(&self.0.engine, artifact)
            .map_err(|error| LoadError::Incompatible { digest, reason: format!("{error:#}") })?;
        let unfit = |error: wasmtime::Error| LoadError::Unfit { digest, reason: format!("{error:#}") };
        component.initialize_copy_on_write_image().map_err(unfit)?;
        let linkers = &self.0.linkers;
        let shape = component.component_type();
        let has_wasi = shape.imports(self.engine()).any(|(name, _)| name.starts_with("wasi:"));
        let calls = |item: &ComponentItem| match item {
            ComponentItem::ComponentInstance(instance) => instance
                .exports(self.engine())
                .any(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_))),
            _ => false,
        };
        let called = shape.imports(self.engine()).filter(|(_, item)| calls(&item.ty));
        let asks = called.filter_map(|(name, _)| needed_grant(name)).collect();
        let is_program = shape.exports(self.engine()).any(|(name, _)| name.starts_with(PROGRAM));
        let way = if is_program {
            let pre = linkers.waiting.instantiate_pre(&component).and_then(ProgramPre::new);
            Way::Program(pre.map_err(unfit)?)
        } else if has_wasi {
            let pre = linkers.waiting.instantiate_pre(&component).and_then(WaitingPre::new);
            Way::Waiting(pre.map_err(unfit)?)
        } else {
            let pre = linkers.plain.instantiate_pre(&component).and_then(PlainPre::new);
            Way::Plain(pre.map_err(unfit)?)
        };
        Ok(Handler::new(digest, way, asks))
    }

    /// Runs one attempt, on this thread, until it ends or is stopped: at most `limits.timeout` and some 20 ms. The
    /// instance is fresh and does not outlive the call. 12 to 25 µs for a small handler and job (`benches/fresh.rs`).
    ///
    /// The thread needs a stack of 2 MiB, which is what Rust gives by default.
    pub fn run(&self, handler: &Handler, call: &Call<'_>, limits: &Limits, interrupt: &Interrupt) -> Outcome {
        run::run(&self.0, handler, call, limits, interrupt)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}
