//! Short ways to say what the cases are about.

use bytes::Bytes;
use wasmill_job::{Durability, Generation, Offset, Partition, QueueName, Topic, TopicPartition};
use wasmill_log::{Append, Log, Stored};

/// A read that takes whatever there is.
pub(crate) const EVERYTHING: usize = usize::MAX;

pub(crate) fn topic(name: &str) -> Topic {
    Topic::queue(&name.parse::<QueueName>().unwrap(), Generation(1))
}

pub(crate) fn at(topic: &Topic, partition: u32) -> TopicPartition {
    TopicPartition::new(topic.clone(), Partition(partition))
}

/// A record without a key.
pub(crate) fn record(of: &TopicPartition, value: impl Into<Bytes>) -> Append {
    Append {
        topic: of.topic.clone(),
        partition: of.partition,
        key: None,
        value: Some(value.into()),
        durability: Durability::Quorum,
    }
}

pub(crate) fn keyed(of: &TopicPartition, key: &str, value: Option<&str>) -> Append {
    Append {
        topic: of.topic.clone(),
        partition: of.partition,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
        durability: Durability::Quorum,
    }
}

/// Appends one record with this text.
pub(crate) async fn append_text(log: &impl Log, of: &TopicPartition, text: &str) -> Offset {
    log.append(vec![record(of, text.to_owned())]).await.unwrap()[0].offset
}

/// All records of a partition, read from where it begins in bites of `bytes_max`.
pub(crate) async fn read_all(log: &impl Log, of: &TopicPartition, bytes_max: usize) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    let mut next = log.bounds(of).await.unwrap().first;
    loop {
        let bite = log.read(of, next, bytes_max).await.unwrap();
        let Some(last) = bite.last() else { return all };
        next = last.offset.next();
        all.extend(bite);
    }
}

pub(crate) fn texts(records: &[Stored]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8(record.value.clone().unwrap().to_vec()).unwrap()).collect()
}
