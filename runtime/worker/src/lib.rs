#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod alone;
mod attempt;
mod backlog;
mod children;
mod config;
mod gauges;
mod handlers;
mod keeper;
mod ledger;
mod pace;
mod route;
mod settler;
mod slot;
mod suspects;
mod sweeper;
mod taker;
mod teller;
mod telling;
mod trouble;
mod worker;

pub use alone::{ChildError, StartAlone, run_alone};
pub use config::WorkerConfig;
pub use handlers::{FindSecret, LoadError, LoadHandler};
pub use worker::{Parts, Worker};
