//! The relay between a real log and a real queue, in fair weather and in foul.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod carry;
mod children;
mod parking;
mod progress;
mod replaced;
#[allow(dead_code, reason = "what only the worker's tests do")]
mod seam;
mod world;
