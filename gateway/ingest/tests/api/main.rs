//! The job API over real TCP, on a real log and a real queue.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batch;
mod both;
mod cancel;
mod idempotency;
mod limits;
mod openapi;
mod payload;
mod payload_again;
mod refusals;
mod scope;
mod show;
mod trouble;
mod without_log;
mod world;
