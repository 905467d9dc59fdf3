//! Conformance: one suite for each port, run on every implementation of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod log;
mod queue;
