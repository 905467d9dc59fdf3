#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod asked;
mod catalog;
mod catalog_view;
mod check;
mod commit;
mod dead;
mod dead_error;
mod dead_groups;
mod dead_view;
mod desk;
mod entries;
mod generations;
mod history;
mod job_filter;
mod jobs;
mod lanes;
mod live;
mod mode;
mod modules;
mod pages;
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
mod stats;
mod status;
mod tag;
mod tokens;
mod tokens_view;
mod topics;
mod trouble;

pub use desk::JobDesk;
pub use prepare::{ModuleRefusal, Prepare, PreparedModule};
pub use probes::{Probes, probes};
pub use router::{ConsoleConfig, Parts, Storage, openapi, router};
pub use tokens::Tokens;
pub use topics::MakeTopics;
