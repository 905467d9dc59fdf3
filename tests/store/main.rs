//! The artifact store, one suite on a folder and on a bucket of a real server, and what only a bucket can do wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bucket;
mod suite;
mod world;
