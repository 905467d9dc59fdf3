//! The queue inside one process, on sled: one thread, named `queue`, owns the state and the store and does one
//! operation after another; the handles send it commands and await its answers.

mod actor;
mod command;
mod config;
mod engine;
mod folder;
mod gauges;
mod handle;
mod sealed;
mod store;

pub use config::{EmbeddedConfig, OpenError, Opening};
pub use handle::EmbeddedQueue;

#[cfg(test)]
mod tests;
