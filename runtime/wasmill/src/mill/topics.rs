//! The topics that a mill's catalog and configuration ask Kafka for. Pure.

use std::num::NonZeroU32;

use wasmill_catalog::{Catalog, GenerationSpec, QueueSpec};
use wasmill_job::{QueueName, Topic};
use wasmill_log::TopicPlan;
use wasmill_process::config::KafkaConfig;

/// Partitions of the topic of progress. A partition's progress is a few dozen bytes a second: eight brokers could share it.
const SETTLED_PARTITIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);

/// What every topic should be like: those of the queues, in order of their names, with the generations that drain, and then
/// those that each mill has. Topics of parked jobs are made by the relay when it parks the first one.
pub(crate) fn plans(catalog: &Catalog, config: &KafkaConfig) -> Vec<TopicPlan> {
    let of_queues = |(name, queue): (_, &QueueSpec)| {
        queue.generations().map(|of| of_queue(name, of, config)).collect::<Vec<_>>()
    };
    let queues = catalog.queues.iter().flat_map(of_queues);
    // Dead letters have one partition, so that there is one order in which a letter and its end come.
    let dead = compacted(Topic::dead(), NonZeroU32::MIN, config);
    let settled = compacted(Topic::settled(), SETTLED_PARTITIONS, config);
    queues.chain([dead, settled]).collect()
}

fn of_queue(name: &QueueName, generation: &GenerationSpec, config: &KafkaConfig) -> TopicPlan {
    TopicPlan {
        topic: generation.topic(name),
        partitions: generation.partitions,
        replication: small(config.replication),
        min_insync: small(config.min_insync),
        retention: Some(config.retention),
        compacted: false,
    }
}

fn compacted(topic: Topic, partitions: NonZeroU32, config: &KafkaConfig) -> TopicPlan {
    TopicPlan {
        topic,
        partitions,
        replication: small(config.replication),
        min_insync: small(config.min_insync),
        retention: None,
        compacted: true,
    }
}

/// The configuration holds these below a hundred.
fn small(count: NonZeroU32) -> u16 {
    u16::try_from(count.get()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
