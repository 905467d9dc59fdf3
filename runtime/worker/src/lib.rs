#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod backlog;
mod config;
mod gauges;
mod handlers;
mod keeper;
mod ledger;
mod pace;
mod route;
mod settler;
mod slot;
mod sweeper;
mod taker;
mod trouble;
mod worker;

pub use config::WorkerConfig;
pub use handlers::{LoadError, LoadHandler};
pub use worker::{Parts, Worker};
