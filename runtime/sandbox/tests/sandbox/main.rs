//! The sandbox with real guests: what they may, what they may not, and what is said when they try.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod apart;
mod artifacts;
mod capabilities;
mod every_guest;
mod interrupts;
mod isolation;
mod limits;
mod odd_guests;
mod programs;
mod support;
