//! The admin API over real TCP, on a real log, a real queue and a real artifact store.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod catalog;
mod dead;
mod generations;
mod guard;
mod jobs;
mod modules;
mod openapi;
mod probes;
mod revisions;
mod scope;
mod status;
mod tokens;
mod without_log;
mod world;
