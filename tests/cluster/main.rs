//! What only the log in Kafka promises, on real brokers: answers while brokers die, full buffers, partitions shared by
//! several members, and one sentence for each mistake of an operator.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod group;
mod killed;
mod mistakes;
mod progress;
mod refused;
mod topics;
mod world;
