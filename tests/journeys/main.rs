//! Journeys: stories of users, told to the real binary over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_input;
mod brokers;
mod buckets;
mod cluster;
mod crash;
mod developer;
mod languages;
mod limits;
mod operator;
mod profiles;
mod programs;
mod suspects;
