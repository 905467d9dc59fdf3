//! The log in Kafka: two producers, one stream of each partition that is read, one member of the relays' group.

mod admin;
mod batch;
mod config;
mod context;
mod group;
mod log;
mod meta;
mod producer;
mod reach;
mod settled;
mod stray;
mod stream;
mod streams;
mod telemetry;
mod topics;
mod trouble;

pub use config::{KafkaConfig, KafkaLogin, KafkaSecurity, KafkaTls, SaslMechanism};
pub use log::KafkaLog;
pub use reach::KafkaOpenError;
pub use topics::{TopicDifference, TopicError, TopicPlan};
