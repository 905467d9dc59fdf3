//! Job ids: UUIDs (version 8) that carry the generation and partition of their topic, so that any id finds
//! its place; in order of time, or derived from (type, idempotency key) or from the job that emitted it, so that repeats
//! collide by construction.
//!
//! Layout, from the highest bit: 48 time in ms or hash · 4 version · 12 generation · 2 variant · 1 kind ·
//! 13 partition · 48 sequence or hash.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Generation, JobType, Partition, UnixMs};

/// The id of a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(Uuid);

/// How an id was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// From the time; comes once.
    Ordered,
    /// From (type, idempotency key), or from the parent; can come twice, so a done-mark outlives the job.
    Derived,
}

/// What tells a child from others of its type that the same job emits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChildKey {
    /// Its number among the children of its type, from 0: enough where each attempt emits the same ones in the same order.
    Number(u32),
    /// A text that the handler chose.
    Text(String),
}

/// Makes time-ordered ids that never repeat inside one process: within a millisecond the low bits count
/// upwards from a random start.
#[derive(Debug, Default)]
pub struct IdSource {
    last: UnixMs,
    sequence: u64,
}

/// Why a text is not a job id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a job id; ids look like 0190163d-8694-8001-8000-64c2f1a0b3d5")]
pub struct InvalidJobId(String);

const LOW_BITS: u32 = 48;
const LOW_MASK: u128 = (1 << LOW_BITS) - 1;
const PARTITION_BITS: u32 = 13;
const PARTITION_MASK: u128 = (1 << PARTITION_BITS) - 1;
const KIND_SHIFT: u32 = LOW_BITS + PARTITION_BITS;
const GENERATION_SHIFT: u32 = 64;
const GENERATION_MASK: u128 = (1 << 12) - 1;
/// The bits of a packed id that its 110 bits leave for the generation.
const PACKED_GENERATION_MASK: u128 = 0b11;

impl JobId {
    /// The number of partitions an id can address.
    pub const PARTITIONS_MAX: u32 = 1 << PARTITION_BITS;
    /// The number of generations an id can address.
    pub const GENERATIONS_MAX: u16 = 1 << 12;

    /// The id for (type, key) in this place: the same four always give the same id.
    pub fn derived(job_type: &JobType, key: &str, generation: Generation, partition: Partition) -> Self {
        Self::from_hash(key_hash(job_type, key), generation, partition)
    }

    /// The id of a child that `parent` emits, in this place: the same five always give the same id, whatever attempt of the
    /// parent emits it, and never that of an idempotency key.
    pub fn child_of(
        parent: Self,
        job_type: &JobType,
        key: &ChildKey,
        generation: Generation,
        partition: Partition,
    ) -> Self {
        Self::from_hash(child_hash(parent, job_type, key), generation, partition)
    }

    /// The id under which the job of this id goes round again in another place, after its queue's layout has changed: the same
    /// three always give the same id. Of a job with an idempotency key, take the one derived from that.
    pub fn moved(self, generation: Generation, partitions: NonZeroU32) -> Self {
        let hash = moved_hash(self);
        Self::from_hash(hash, generation, partition_of(hash, partitions))
    }

    /// Which kind of id this is.
    pub fn kind(self) -> IdKind {
        if self.0.as_u128() >> KIND_SHIFT & 1 == 1 { IdKind::Derived } else { IdKind::Ordered }
    }

    /// The partition of its topic the job's record stands in.
    pub fn partition(self) -> Partition {
        // 13 bits fit into 32.
        Partition((self.0.as_u128() >> LOW_BITS & PARTITION_MASK) as u32)
    }

    /// The generation of its queue the job belongs to.
    pub fn generation(self) -> Generation {
        // 12 bits fit into 16.
        Generation((self.0.as_u128() >> GENERATION_SHIFT & GENERATION_MASK) as u16)
    }

    /// The 16 bytes, highest first: ordered ids sort by time.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// The id with these 16 bytes, as [`JobId::to_bytes`] gave them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The id without its generation, and without the bits that are the same in all ids: 14 bytes, for stores in which
    /// each byte counts. Ids of different generations have the same only if time and sequence, or type and key, are the
    /// same as well and the generations are 4 apart or a multiple of it.
    pub fn pack(self) -> [u8; 14] {
        let bits = self.0.as_u128();
        let low = bits & ((1 << (KIND_SHIFT + 1)) - 1);
        let generation = u128::from(self.generation().0) & PACKED_GENERATION_MASK;
        let packed = (bits >> 80) << 64 | generation << (KIND_SHIFT + 1) | low;
        let mut bytes = [0; 14];
        bytes.copy_from_slice(&packed.to_be_bytes()[2..]);
        bytes
    }

    /// The id of this generation that [`JobId::pack`] gave these bytes for.
    pub fn unpack(packed: [u8; 14], generation: Generation) -> Self {
        let mut bytes = [0; 16];
        bytes[2..].copy_from_slice(&packed);
        let packed = u128::from_be_bytes(bytes);
        let kind = if packed >> KIND_SHIFT & 1 == 1 { IdKind::Derived } else { IdKind::Ordered };
        // 13 bits fit into 32.
        let partition = Partition((packed >> LOW_BITS & PARTITION_MASK) as u32);
        Self::assemble(packed >> 64, generation, kind, partition, packed & LOW_MASK)
    }

    fn from_hash(hash: [u8; 16], generation: Generation, partition: Partition) -> Self {
        let hash = u128::from_be_bytes(hash);
        // 96 bits of the hash: two keys collide after about 2^48 of them.
        Self::assemble(hash >> 80, generation, IdKind::Derived, partition, hash & LOW_MASK)
    }

    fn assemble(high: u128, generation: Generation, kind: IdKind, partition: Partition, low: u128) -> Self {
        let bits = (high & LOW_MASK) << 80
            | 8 << 76
            | (u128::from(generation.0) & GENERATION_MASK) << GENERATION_SHIFT
            | 0b10 << 62
            | u128::from(kind == IdKind::Derived) << KIND_SHIFT
            | (u128::from(partition.0) & PARTITION_MASK) << LOW_BITS
            | low & LOW_MASK;
        Self(Uuid::from_u128(bits))
    }
}

impl IdSource {
    /// The next id. `random` is used when the millisecond is new; its low 47 bits are the start of the count.
    /// A clock that goes backwards does not: the last millisecond is used on.
    pub fn next(&mut self, now: UnixMs, random: u64, generation: Generation, partition: Partition) -> JobId {
        if now > self.last {
            self.last = now;
            self.sequence = random & (u64::MAX >> 17);
        } else {
            self.sequence += 1;
        }
        let low = u128::from(self.sequence);
        JobId::assemble(u128::from(self.last.0), generation, IdKind::Ordered, partition, low)
    }
}

/// The partition all jobs of this type with this key go to, of `partitions`.
pub fn partition_of_key(job_type: &JobType, key: &str, partitions: NonZeroU32) -> Partition {
    partition_of(key_hash(job_type, key), partitions)
}

/// The partition that a child of `parent` goes to, of `partitions`: the children of one job are spread over all of them.
pub fn partition_of_child(
    parent: JobId,
    job_type: &JobType,
    key: &ChildKey,
    partitions: NonZeroU32,
) -> Partition {
    partition_of(child_hash(parent, job_type, key), partitions)
}

fn partition_of(hash: [u8; 16], partitions: NonZeroU32) -> Partition {
    let low = u64::from_be_bytes([hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8], hash[9]]);
    // The remainder is below a u32.
    Partition((low % u64::from(partitions.get())) as u32)
}

fn key_hash(job_type: &JobType, key: &str) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(job_type.as_str());
    hasher.update([0]); // no type contains it, so (type, key) is unambiguous
    hasher.update(key);
    half(hasher)
}

fn child_hash(parent: JobId, job_type: &JobType, key: &ChildKey) -> [u8; 16] {
    let mut hasher = Sha256::new();
    // No type is empty, so what an idempotency key is hashed with never begins with this.
    hasher.update([0]);
    hasher.update(parent.to_bytes());
    hasher.update(job_type.as_str());
    match key {
        ChildKey::Number(number) => {
            hasher.update([0, 0]);
            hasher.update(number.to_be_bytes());
        }
        ChildKey::Text(text) => {
            hasher.update([0, 1]);
            hasher.update(text);
        }
    }
    half(hasher)
}

fn moved_hash(id: JobId) -> [u8; 16] {
    let mut hasher = Sha256::new();
    // As a child's, but for the type, which no child is without.
    hasher.update([0]);
    hasher.update(id.to_bytes());
    half(hasher)
}

fn half(hasher: Sha256) -> [u8; 16] {
    let full: [u8; 32] = hasher.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;
    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let id = Uuid::try_parse(text).map_err(|_| InvalidJobId(text.into()))?;
        if id.get_version_num() != 8 || id.get_variant() != uuid::Variant::RFC4122 {
            return Err(InvalidJobId(text.into()));
        }
        Ok(Self(id))
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;
    fn try_from(text: String) -> Result<Self, InvalidJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests;
