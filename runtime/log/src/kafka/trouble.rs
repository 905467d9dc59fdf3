//! What an error of Kafka means for whoever appends or reads.

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use wasmill_job::TopicPartition;

use crate::{AppendError, ReadError};

/// What became of a record that was given to the brokers, or was to be.
pub(super) fn of_append(code: Code, topic: &str, bytes: usize, bytes_max: usize) -> AppendError {
    match code {
        Code::QueueFull => AppendError::Busy,
        Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::MessageBatchTooLarge => {
            AppendError::TooLarge { bytes, bytes_max }
        }
        code => match refusal(code, topic) {
            Some(reason) => AppendError::Refused { reason },
            None => AppendError::Unknown { reason: unconfirmed(code) },
        },
    }
}

/// Why there is nothing to read.
pub(super) fn of_read(error: &KafkaError, of: &TopicPartition) -> ReadError {
    match error.rdkafka_error_code().and_then(|code| refusal(code, of.topic.as_str())) {
        Some(reason) => ReadError::Refused { reason },
        None => ReadError::Unavailable { reason: error.to_string() },
    }
}

/// Whether asking again in a moment helps, because leaders move.
pub(super) fn is_moving(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::NotLeaderForPartition
                | Code::LeaderNotAvailable
                | Code::FencedLeaderEpoch
                | Code::UnknownLeaderEpoch
                | Code::ReplicaNotAvailable
                | Code::OffsetNotAvailable
        )
    )
}

/// The sentence for trouble that only a person ends.
pub(super) fn refusal(code: Code, topic: &str) -> Option<String> {
    match code {
        Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition => Some(format!(
            "the topic {topic} is not there, or has too few partitions: run `wasmill topics apply`"
        )),
        Code::TopicAuthorizationFailed => {
            Some(format!("the brokers do not allow this for the topic {topic}: give this user the right to it"))
        }
        Code::GroupAuthorizationFailed => Some(
            "the brokers do not allow this user into the relays' group: give it the right to kafka.group".into(),
        ),
        Code::ClusterAuthorizationFailed => {
            Some("the brokers do not allow this user to write idempotently: give it the right IdempotentWrite".into())
        }
        Code::InvalidTopic => Some(format!("the brokers take {topic} for no name of a topic")),
        Code::PolicyViolation | Code::InvalidRecord => Some(format!(
            "the brokers do not take such a record into {topic}: it has no key and the topic is compacted, or a policy of \
             theirs forbids it"
        )),
        Code::FencedInstanceId | Code::Fenced => Some(
            "another process joined the relays' group with the same kafka.instance_id: give each its own, and start this one \
             again"
                .into(),
        ),
        _ => None,
    }
}

fn unconfirmed(code: Code) -> String {
    match code {
        Code::MessageTimedOut => {
            "no acknowledgement came in time: brokers are away, or replicas missing".into()
        }
        Code::NotEnoughReplicas | Code::NotEnoughReplicasAfterAppend => {
            "too few replicas are in sync to acknowledge it".into()
        }
        Code::PurgeQueue | Code::PurgeInflight => "the log was closed before the acknowledgement came".into(),
        code => code.to_string(),
    }
}
