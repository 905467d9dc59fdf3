//! The relay between a real log and a real queue, in fair weather and in foul.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod carry;
mod children;
mod parking;
mod progress;
mod replaced;
mod seam;
mod world;
