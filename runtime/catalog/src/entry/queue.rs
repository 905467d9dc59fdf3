//! Reads `[queue.NAME]`.

use std::num::NonZeroU32;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;
use wasmill_job::{Durability, JobId, QueueName};

use super::{Named, QueueEntry};
use crate::mistake::Report;
use crate::plan::DEFAULT_PARTITIONS;
use crate::section::{Keys, Section};

const KEYS: Keys = Keys { known: &["partitions", "durability"], later: &["redis", "shards"] };

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
    let place = section.value("partitions").map_or_else(|| at.clone(), Spanned::span);
    let count = match section.value("partitions") {
        Some(_) => section.count(report, "partitions", 1..=u64::from(JobId::PARTITIONS_MAX))?,
        None => u64::from(DEFAULT_PARTITIONS.get()),
    };
    let partitions = u32::try_from(count).ok().and_then(NonZeroU32::new)?;
    let durability = durability.map(|(durability, _)| durability).unwrap_or_default();
    Some(QueueEntry { partitions: Named { value: partitions, at: place }, durability })
}
