//! The command line from outside: the real binary, real files, a real server in its own process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod check;
mod demo;
mod dev;
mod golden;
mod letters;
mod mill;
mod modes;
mod modules;
mod queues;
mod refusals;
mod rollout;
mod run;
mod tokens;
mod wasmill;
mod watch;
mod watching;
