#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod embedded;
mod kafka;
mod parked;
mod port;

pub use embedded::{EmbeddedLog, LogConfig, LogIdentity, OpenError, Trimmed};
pub use kafka::{
    KafkaConfig, KafkaLog, KafkaLogin, KafkaOpenError, KafkaSecurity, KafkaTls, SaslMechanism,
    TopicDifference, TopicError, TopicPlan,
};
pub use parked::{ParkedCopies, ParkedCopy, parked_copies};
pub use port::{Append, AppendError, Bounds, Log, ReadError, Stored};
