#![doc = include_str!("../README.md")]
// The workspace denies unsafe code; `precompiled` is the one file that allows it.

mod artifact;
mod budget;
mod check;
mod config;
mod engine;
mod guest;
mod handler;
mod interrupt;
mod journal;
mod precompiled;
mod run;
mod sandbox;
mod stop;
mod text;
mod ticker;
mod world;

pub use artifact::{Artifact, ArtifactError, ArtifactStore};
pub use check::{CheckError, CheckLimits, Component, check};
pub use config::{PagemapScan, SandboxConfig, Tuning};
pub use handler::{Handler, LoadError};
pub use interrupt::Interrupt;
pub use run::Call;
pub use sandbox::{CompileError, Sandbox, SandboxError};
