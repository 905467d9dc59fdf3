//! Reads `[queue.NAME]`.

use std::num::NonZeroU32;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;
use wasmill_job::{Durability, JobId, QueueName};

use super::{Named, QueueEntry};
use crate::RedisName;
use crate::mistake::Report;
use crate::plan::DEFAULT_PARTITIONS;
use crate::section::{Keys, Section};

const KEYS: Keys = Keys { known: &["partitions", "durability", "redis"], later: &[] };

/// Reads a queue's entry; `None` when a mistake was reported.
pub(crate) fn read_queue<'t>(
    report: &mut Report<'_>,
    name: &QueueName,
    at: &Range<usize>,
    value: &'t Spanned<DeValue<'t>>,
) -> Option<QueueEntry> {
    let section = Section::open(report, value, format!("queue `{name}`"), &KEYS)?;
    let durability = section.text(report, "durability", "quorum", |text| match text {
        "quorum" => Ok(Durability::Quorum),
        "leader" => Ok(Durability::Leader),
        other => Err(format!("`{other}` is no durability; write \"quorum\" or \"leader\", or leave it out")),
    });
    let redis = section.text(report, "redis", "main", |text| match text {
        "" => Err("the name of a Redis is empty; write \"main\", or leave it out".to_owned()),
        name => Ok(RedisName::from(name)),
    });
    let (redis, redis_at) = redis.unwrap_or_else(|| (RedisName::default(), at.clone()));
    let place = section.value("partitions").map_or_else(|| at.clone(), Spanned::span);
    let count = match section.value("partitions") {
        Some(_) => section.count(report, "partitions", 1..=u64::from(JobId::PARTITIONS_MAX))?,
        None => u64::from(DEFAULT_PARTITIONS.get()),
    };
    let partitions = u32::try_from(count).ok().and_then(NonZeroU32::new)?;
    let durability = durability.map(|(durability, _)| durability).unwrap_or_default();
    let partitions = Named { value: partitions, at: place };
    Some(QueueEntry { partitions, durability, redis: Named { value: redis, at: redis_at } })
}
