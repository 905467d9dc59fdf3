//! The admin API and its pages over real TCP, on a real log, a real queue and a real artifact store.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod catalog;
mod dead;
mod forms;
mod generations;
mod guard;
mod hostile;
mod jobs;
mod live;
mod modules;
mod openapi;
mod page_scope;
mod pages;
mod payloads;
mod probes;
mod revisions;
mod scope;
mod sign_in;
mod stats;
mod status;
mod tokens;
mod without_log;
mod workers;
mod world;
