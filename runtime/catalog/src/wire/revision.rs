//! A revision in the store: an envelope with a version and a checksum, and the catalog inside it.

mod route;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wasmill_job::{Durability, Generation, JobId, JobType, ModuleDigest, QueueName, Revision, UnixMs};

use route::TypeV1;

use super::{Unreadable, VERSION, check_version, not_json};
use crate::{Catalog, GenerationSpec, QueueSpec, RedisName, TypeSpec};

/// The file. `sha256` is over the bytes of `catalog` as they stand, so that a changed byte is noticed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    v: u32,
    /// A [`ModuleDigest`] is a SHA-256 of bytes; here of the catalog's.
    sha256: ModuleDigest,
    #[serde(borrow)]
    catalog: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogV1 {
    revision: Revision,
    created_at_ms: UnixMs,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    queues: BTreeMap<QueueName, QueueV1>,
    types: BTreeMap<JobType, TypeV1>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    retired: BTreeMap<QueueName, QueueV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueV1 {
    generation: Generation,
    partitions: NonZeroU32,
    #[serde(default, skip_serializing_if = "is_quorum")]
    durability: Durability,
    /// Absent, as in revisions of before there were others: `main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redis: Option<Box<str>>,
    /// Absent, as in revisions of before queues could change: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    draining: Vec<GenerationV1>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    spent: BTreeSet<Generation>,
}

/// A generation that drains.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GenerationV1 {
    generation: Generation,
    partitions: NonZeroU32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redis: Option<Box<str>>,
}

/// The bytes of the revision's file. The same catalog always gives the same bytes.
pub(crate) fn write_revision(catalog: &Catalog) -> Vec<u8> {
    #[expect(
        clippy::unwrap_used,
        reason = "names, numbers and finite floats: nothing in it can fail to become JSON"
    )]
    let body = serde_json::value::to_raw_value(&CatalogV1::from(catalog)).unwrap();
    let envelope = Envelope { v: VERSION, sha256: ModuleDigest::of(body.get().as_bytes()), catalog: &body };
    #[expect(clippy::unwrap_used, reason = "a number, a text and JSON that has just been made")]
    serde_json::to_vec(&envelope).unwrap()
}

/// The catalog in the bytes of the file of revision `number`.
pub(crate) fn read_revision(number: Revision, bytes: &[u8]) -> Result<Catalog, Unreadable> {
    let catalog = read_kept(bytes)?;
    if catalog.revision != number {
        return Err(Unreadable::Damaged(format!("it is the file of revision {}", catalog.revision)));
    }
    Ok(catalog)
}

/// The catalog in such bytes, of whichever revision.
pub(crate) fn read_kept(bytes: &[u8]) -> Result<Catalog, Unreadable> {
    check_version(bytes)?;
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(not_json)?;
    let found = ModuleDigest::of(envelope.catalog.get().as_bytes());
    if found != envelope.sha256 {
        let said = envelope.sha256;
        return Err(Unreadable::Damaged(format!("its checksum is {found} and should be {said}")));
    }
    let catalog: CatalogV1 = serde_json::from_str(envelope.catalog.get()).map_err(not_json)?;
    Catalog::try_from(catalog)
}

/// What an older binary takes a queue to be anyway.
fn is_quorum(durability: &Durability) -> bool {
    *durability == Durability::Quorum
}

/// A queue whose generations no job id can name, or not apart, was never written.
fn check_queue(name: &QueueName, queue: &QueueSpec) -> Result<(), Unreadable> {
    let mut numbers = queue.spent.clone();
    for GenerationSpec { generation, partitions, .. } in queue.generations() {
        if partitions.get() > JobId::PARTITIONS_MAX || generation.0 >= JobId::GENERATIONS_MAX {
            let what = format!("queue {name} has {partitions} partitions in generation {generation}");
            return Err(Unreadable::Damaged(format!("{what}, which no job id can name")));
        }
        if !numbers.insert(*generation) {
            return Err(Unreadable::Damaged(format!("queue {name} has generation {generation} twice")));
        }
    }
    Ok(())
}

/// What an older binary takes a queue to be in anyway.
fn unless_main(redis: &RedisName) -> Option<Box<str>> {
    (!redis.is_main()).then(|| redis.as_str().into())
}

fn or_main(redis: Option<Box<str>>) -> RedisName {
    redis.map(|name| RedisName::from(&*name)).unwrap_or_default()
}

impl From<&QueueSpec> for QueueV1 {
    fn from(QueueSpec { current, durability, draining, spent }: &QueueSpec) -> Self {
        let drains = |of: &GenerationSpec| GenerationV1 {
            generation: of.generation,
            partitions: of.partitions,
            redis: unless_main(&of.redis),
        };
        Self {
            generation: current.generation,
            partitions: current.partitions,
            durability: *durability,
            redis: unless_main(&current.redis),
            draining: draining.iter().map(drains).collect(),
            spent: spent.clone(),
        }
    }
}

impl From<QueueV1> for QueueSpec {
    fn from(QueueV1 { generation, partitions, durability, redis, draining, spent }: QueueV1) -> Self {
        let drains = |GenerationV1 { generation, partitions, redis }| GenerationSpec {
            generation,
            partitions,
            redis: or_main(redis),
        };
        let current = GenerationSpec { generation, partitions, redis: or_main(redis) };
        Self { current, durability, draining: draining.into_iter().map(drains).collect(), spent }
    }
}

impl From<&Catalog> for CatalogV1 {
    fn from(catalog: &Catalog) -> Self {
        let queue = |(name, queue): (&QueueName, &QueueSpec)| (name.clone(), QueueV1::from(queue));
        let retired = catalog.retired.iter().map(queue).collect();
        Self {
            revision: catalog.revision,
            created_at_ms: catalog.created_at,
            message: catalog.message.clone(),
            author: catalog.author.clone(),
            queues: catalog.queues.iter().map(queue).collect(),
            types: catalog.types.iter().map(|(name, spec)| (name.clone(), TypeV1::from(spec))).collect(),
            retired,
        }
    }
}

impl TryFrom<CatalogV1> for Catalog {
    type Error = Unreadable;
    fn try_from(wire: CatalogV1) -> Result<Self, Unreadable> {
        let queue = |(name, queue): (QueueName, QueueV1)| {
            let queue = QueueSpec::from(queue);
            check_queue(&name, &queue)?;
            Ok((name, queue))
        };
        let queues: BTreeMap<_, _> = wire.queues.into_iter().map(queue).collect::<Result<_, _>>()?;
        let retired = wire.retired.into_iter().map(queue).collect::<Result<_, _>>()?;
        let types = wire.types.into_iter().map(|(name, spec)| {
            if !queues.contains_key(&spec.queue) {
                let what = format!("job type {name} is in queue {}", spec.queue);
                return Err(Unreadable::Damaged(format!("{what}, which it does not define")));
            }
            match TypeSpec::try_from(spec) {
                Ok(spec) => Ok((name, spec)),
                Err(reason) => Err(Unreadable::Damaged(format!("job type {name}: {reason}"))),
            }
        });
        let types = types.collect::<Result<_, _>>()?;
        let CatalogV1 { revision, created_at_ms, message, author, .. } = wire;
        Ok(Self { revision, created_at: created_at_ms, message, author, queues, types, retired })
    }
}
