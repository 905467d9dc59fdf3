//! From a module's digest to a handler: artifact store, check, compilation (once; kept in the data folder), sandbox.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::watch;
use wasmill_catalog::Asked;
use wasmill_console::{ModuleRefusal, PreparedModule};
use wasmill_job::ModuleDigest;
use wasmill_process::Config;
use wasmill_process::config::PagemapScan;
use wasmill_sandbox::{
    Artifact, ArtifactError, ArtifactStore, CheckError, CompileError, Component, Handler, Sandbox,
    SandboxConfig,
};
use wasmill_worker::LoadError;

use super::{egress, stores};
use crate::command::compile_alone::{check_upload, compile_alone};
use crate::failure::{Exit, Failure, Result};

/// Loads handlers for the worker, and prepares uploads for the console.
pub(crate) struct Loader {
    sandbox: Sandbox,
    /// Compiled modules. A cache: it may be deleted at any time.
    compiled: ArtifactStore,
    store: wasmill_catalog::ArtifactStore,
    /// Held while a module is compiled.
    turn: Mutex<()>,
    runtime: Handle,
    /// The modules whose loading was tried, with or without success.
    tried: watch::Sender<HashSet<ModuleDigest>>,
}

/// The folder of compiled modules, inside the data folder.
const COMPILED: &str = "compiled";

impl Loader {
    /// Starts the sandbox. Must be called inside a tokio runtime.
    pub(crate) fn open(config: &Config, store: wasmill_catalog::ArtifactStore) -> Result<Self> {
        let settings = SandboxConfig {
            instances: config.worker.slots.get(),
            memory_bytes_max: config.sandbox.memory_bytes_max,
            pagemap_scan: match config.sandbox.pagemap_scan {
                PagemapScan::Off => wasmill_sandbox::PagemapScan::Off,
                PagemapScan::Auto => wasmill_sandbox::PagemapScan::Auto,
                PagemapScan::On => wasmill_sandbox::PagemapScan::On,
            },
            ..SandboxConfig::default()
        };
        let unusable = |error: &dyn std::fmt::Display| Failure::new(Exit::Config, format_args!("{error}."));
        let egress = egress::open(config)?;
        let sandbox = Sandbox::with_egress(settings, egress).map_err(|error| unusable(&error))?;
        let folder = config.data.dir.join(COMPILED);
        let compiled = ArtifactStore::open(folder).map_err(|error| unusable(&error))?;
        let (turn, runtime, tried) = (Mutex::default(), Handle::current(), watch::Sender::default());
        Ok(Self { sandbox, compiled, store, turn, runtime, tried })
    }

    /// The same in a process that runs jobs for a worker with this data folder and these settings of the sandbox.
    pub(crate) fn open_alone(config: &Config) -> Result<Self> {
        Self::open(config, stores::open_artifacts(config)?)
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The handler of a module. Blocks: the first time it is compiled, which takes up to seconds.
    pub(crate) fn load(&self, digest: ModuleDigest) -> std::result::Result<Handler, LoadError> {
        let loaded = self.artifact(digest).and_then(|artifact| self.sandbox.load(&artifact).map_err(failed));
        self.tried.send_modify(|tried| {
            tried.insert(digest);
        });
        loaded
    }

    /// Resolves when the loading of all these modules was tried.
    pub(crate) async fn tried(&self, modules: &[ModuleDigest]) {
        let mut tried = self.tried.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = tried.wait_for(|tried| modules.iter().all(|digest| tried.contains(digest))).await;
    }

    fn artifact(&self, digest: ModuleDigest) -> std::result::Result<Artifact, LoadError> {
        if let Some(artifact) = self.compiled.find(&self.sandbox, digest).map_err(failed)? {
            return Ok(artifact);
        }
        let bytes = self.runtime.block_on(self.store.module(digest)).map_err(failed)?;
        let component = check_upload(&bytes).map_err(failed)?;
        self.compile(&component).map_err(failed)
    }

    /// Compiles in a process with limits, one module after another: compilers are hungry, and jobs go first.
    fn compile(&self, component: &Component) -> std::result::Result<Artifact, ArtifactError> {
        // What it guards is a turn: whoever panicked in it leaves nothing behind.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.compiled.compile_apart(&self.sandbox, component, compile_alone())
    }

    /// Checks a module, and compiles nothing. Blocks.
    pub(crate) fn look(&self, module: &Bytes) -> std::result::Result<PreparedModule, ModuleRefusal> {
        check_upload(module).map(|component| prepared(&component)).map_err(refused)
    }

    /// Checks an upload and compiles it, so that no job waits for that. Blocks.
    pub(crate) fn prepare(&self, upload: &Bytes) -> std::result::Result<PreparedModule, ModuleRefusal> {
        let component = check_upload(upload).map_err(refused)?;
        let artifact = self.compile(&component).map_err(not_compiled)?;
        // What cannot be loaded here would stop its type later, on every worker.
        self.sandbox.load(&artifact).map_err(|error| match error {
            wasmill_sandbox::LoadError::Unfit { .. } => ModuleRefusal::Unfit { reason: sentence(&error) },
            wasmill_sandbox::LoadError::Incompatible { .. } => {
                ModuleRefusal::Failed { reason: error.to_string() }
            }
        })?;
        Ok(prepared(&component))
    }
}

fn prepared(component: &Component) -> PreparedModule {
    let (imports, exports) = (component.imports().to_vec(), component.exports().to_vec());
    let asked = Asked { needs: component.asks().collect(), uses: component.uses().collect() };
    PreparedModule { digest: component.digest(), imports, exports, asked }
}

fn refused(error: CheckError) -> ModuleRefusal {
    match error {
        CheckError::TooLarge { bytes, max } => ModuleRefusal::TooLarge { bytes, bytes_max: max },
        error @ CheckError::NotChecked { .. } => ModuleRefusal::Failed { reason: error.to_string() },
        error => ModuleRefusal::Unfit { reason: sentence(&error) },
    }
}

fn not_compiled(error: ArtifactError) -> ModuleRefusal {
    match error {
        // The compiler's own limits: nothing that an operator could do.
        ArtifactError::Compile(error @ (CompileError::Refused(_) | CompileError::Limit(_))) => {
            ModuleRefusal::Unfit { reason: sentence(&error) }
        }
        error => ModuleRefusal::Failed { reason: error.to_string() },
    }
}

fn failed(error: impl std::fmt::Display) -> LoadError {
    LoadError(error.to_string())
}

/// An error as a sentence of its own: with a capital and a full stop.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
