#![doc = include_str!("../README.md")]
// The workspace denies unsafe code; `precompiled` is the one file that allows it.

mod artifact;
mod budget;
mod capability;
mod check;
mod compiler;
mod config;
mod engine;
mod guest;
mod handler;
mod interrupt;
mod io;
mod journal;
mod meter;
mod precompiled;
mod run;
mod sandbox;
mod stop;
mod text;
mod ticker;
mod world;

pub use artifact::{Artifact, ArtifactError, ArtifactStore};
pub use capability::{Destination, FindDestination, Permit, PermitError};
pub use check::{CheckError, CheckLimits, Component, Speaks, check};
pub use compiler::{CompileError, check_apart, check_for_parent, compile_for_parent};
pub use config::{PagemapScan, SandboxConfig, Tuning};
pub use handler::{Handler, LoadError};
pub use interrupt::Interrupt;
pub use run::Call;
pub use sandbox::{Sandbox, SandboxError};
