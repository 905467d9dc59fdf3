#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod asked;
mod catalog;
mod catalog_view;
mod check;
mod commit;
mod dead;
mod dead_view;
mod entries;
mod generations;
mod jobs;
mod lanes;
mod modules;
mod parked;
mod prepare;
mod probes;
mod prune;
mod purge;
mod redrive;
mod revisions;
mod router;
mod scope;
mod selection;
mod status;
mod tag;
mod tokens;
mod tokens_view;
mod topics;
mod trouble;

pub use prepare::{ModuleRefusal, Prepare, PreparedModule};
pub use probes::{Probes, probes};
pub use router::{ConsoleConfig, Parts, Storage, openapi, router};
pub use tokens::Tokens;
pub use topics::MakeTopics;
