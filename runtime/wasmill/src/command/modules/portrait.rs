//! What there is to know about a module before it runs, and how two of them differ.

use std::time::{Duration, Instant};

use serde::Serialize;
use wasmill_sandbox::{ArtifactStore, Component, Sandbox, SandboxConfig};

use crate::command::compile_alone::{check_upload, compile_alone};
use crate::failure::{Exit, Failure, Result};

/// A module, looked at.
#[derive(Debug, Serialize)]
pub(super) struct Portrait {
    /// The file or the version.
    pub(super) module: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub(super) digest: String,
    pub(super) size_bytes: usize,
    /// With what makes a component of it; the same as its size when it is one already.
    pub(super) component_bytes: usize,
    /// What calls it: the contract's world, or that of command programs.
    pub(super) world: &'static str,
    /// The interfaces whose functions it calls.
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    /// What its route has to grant.
    pub(super) asks: Vec<&'static str>,
    /// What a server takes at deploy, and a worker that has no compiled one.
    pub(super) compile_ms: u128,
    /// The machine code.
    pub(super) code_bytes: u64,
}

/// What became different from one module to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// The file or the version it is compared to.
    pub(super) against: String,
    pub(super) same_bytes: bool,
    pub(super) size_bytes: i128,
    pub(super) code_bytes: i128,
    pub(super) compile_ms: i128,
    /// `None` where both are of the same world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) world_before: Option<&'static str>,
    pub(super) imports: Changed,
    pub(super) exports: Changed,
    /// What its route has to grant now and did not before, and the other way round.
    pub(super) asks: Changed,
}

/// What came and what went.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Changed {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Portrait {
    /// Checks and compiles it as a server would, in a process with limits. Nothing of it runs.
    ///
    /// # Errors
    /// When it cannot be a handler: with the sentence that a deploy would give.
    pub(super) fn of(module: &str, bytes: &[u8]) -> Result<Self> {
        let refused = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::No, format_args!("{module} cannot be a handler: {why}"))
        };
        let component = check_upload(bytes).map_err(|error| refused(&error))?;
        let (compiled_in, code_bytes) = compile(&component).map_err(|error| refused(&error))?;
        Ok(Self {
            module: module.to_owned(),
            digest: component.digest().to_string(),
            size_bytes: bytes.len(),
            component_bytes: component.bytes().len(),
            world: component.speaks().world(),
            imports: component.imports().to_vec(),
            exports: component.exports().to_vec(),
            asks: component.asks().map(wasmill_job::Import::as_str).collect(),
            compile_ms: compiled_in.as_millis(),
            code_bytes,
        })
    }

    /// What became different since `before`.
    pub(super) fn since(&self, before: &Self) -> Difference {
        let grown = |now: usize, before: usize| now as i128 - before as i128;
        let owned = |asks: &[&str]| asks.iter().map(|ask| (*ask).to_owned()).collect::<Vec<_>>();
        Difference {
            against: before.module.clone(),
            same_bytes: self.digest == before.digest,
            size_bytes: grown(self.size_bytes, before.size_bytes),
            code_bytes: i128::from(self.code_bytes) - i128::from(before.code_bytes),
            compile_ms: self.compile_ms.cast_signed() - before.compile_ms.cast_signed(),
            world_before: (self.world != before.world).then_some(before.world),
            imports: Changed::of(&before.imports, &self.imports),
            exports: Changed::of(&before.exports, &self.exports),
            asks: Changed::of(&owned(&before.asks), &owned(&self.asks)),
        }
    }
}

impl Changed {
    fn of(before: &[String], now: &[String]) -> Self {
        let missing = |from: &[String], all: &[String]| {
            all.iter().filter(|name| !from.contains(name)).cloned().collect::<Vec<_>>()
        };
        Self { added: missing(before, now), removed: missing(now, before) }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// How long compiling takes, and how large the code is. What it makes is thrown away.
fn compile(component: &Component) -> std::result::Result<(Duration, u64), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::new(SandboxConfig { instances: 1, ..SandboxConfig::default() })?;
    let began = Instant::now();
    let store = ArtifactStore::open(folder.path())?;
    let artifact = store.compile_apart(&sandbox, component, compile_alone())?;
    let took = began.elapsed();
    // What cannot be loaded, no worker would offer to run.
    sandbox.load(&artifact)?;
    Ok((took, artifact.code_bytes()))
}

#[cfg(test)]
mod tests;
