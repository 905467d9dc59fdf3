//! A chunk: records of one partition that were stored together, as one value of the engine, so that a tree insert is
//! paid once for all of them.
//!
//! Layout, numbers big-endian: version u8 · CRC32C u32 of all that follows · first offset u64 · stored_at ms u64 ·
//! span of offsets u32 · number of records u32 · records. A record: offset above the first u32 · key length plus
//! one, or 0 for none, u32 · the same for the value · key · value.

use bytes::{Buf, BufMut, Bytes};
use wasmill_job::{Offset, UnixMs};

use crate::Stored;

/// Records of one partition in the order of their offsets; verified, and cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) head: ChunkHead,
    bytes: Bytes,
}

/// What a chunk says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkHead {
    /// The chunk's key. After compaction the record there may be gone.
    pub(super) first: Offset,
    /// One past the last offset it was made for.
    pub(super) end: Offset,
    pub(super) stored_at: UnixMs,
    pub(super) records: u32,
    /// The space it takes on the disk, in bytes; never too low. See [`footprint`].
    pub(super) footprint: u64,
}

/// Puts records together.
#[derive(Debug)]
pub(super) struct ChunkBuilder {
    first: Offset,
    end: Offset,
    stored_at: UnixMs,
    records: u32,
    bytes: Vec<u8>,
}

/// What is wrong with a chunk's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("the chunk ends early")]
    Short,
    #[error("the chunk has layout {0}, and this program reads {VERSION}")]
    Version(u8),
    #[error("the checksum says {stored:08x} and the bytes say {computed:08x}")]
    Checksum { stored: u32, computed: u32 },
    #[error("the chunk of offset {0} stands there instead")]
    Misplaced(Offset),
    #[error("its records do not fit together")]
    Records,
}

const VERSION: u8 = 1;
/// Where the part begins that the checksum covers.
const CHECKED: usize = 1 + 4;
const HEAD: usize = CHECKED + 8 + 8 + 4 + 4;
const RECORD_HEAD: usize = 4 + 4 + 4;

/// Chunks are closed before they grow beyond this, so that damage, caching and compaction stay local; a larger
/// record has one of its own. The engine rounds large values up to a power of two pages: a little below 1 MiB wastes
/// least.
pub(super) const CHUNK_BYTES_MAX: usize = (1 << 20) - 4096;

/// The bytes a record takes in a chunk.
pub(super) fn record_bytes(key: Option<&Bytes>, value: Option<&Bytes>) -> usize {
    RECORD_HEAD + key.map_or(0, Bytes::len) + value.map_or(0, Bytes::len)
}

/// An upper bound for what a value of `bytes` takes in the engine: large ones have pages of their own, in powers of
/// two; small ones share pages that are at least half full. 128 bytes stand for the key and the page's own head.
fn footprint(bytes: usize) -> u64 {
    const PAGE: usize = 4096;
    let whole = bytes + 128;
    let rounded = if whole > PAGE / 2 { whole.div_ceil(PAGE).next_power_of_two() * PAGE } else { whole * 2 };
    rounded as u64
}

impl ChunkBuilder {
    pub(super) fn new(first: Offset, stored_at: UnixMs) -> Self {
        Self { first, end: first, stored_at, records: 0, bytes: vec![0; HEAD] }
    }

    /// Whether a record of `bytes` (see [`record_bytes`]) still belongs into this chunk.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.records == 0 || self.bytes.len() + bytes <= CHUNK_BYTES_MAX
    }

    /// Adds a record at `offset`, which must lie at or after the end, and less than 2^32 after the first.
    pub(super) fn push(&mut self, offset: Offset, key: Option<&Bytes>, value: Option<&Bytes>) {
        debug_assert!(offset >= self.end, "records come in the order of their offsets");
        self.bytes.reserve(record_bytes(key, value));
        // Chunks hold at most a few hundred thousand offsets, and records are limited to 16 MiB.
        self.bytes.put_u32((offset.0 - self.first.0) as u32);
        self.bytes.put_u32(key.map_or(0, |key| key.len() as u32 + 1));
        self.bytes.put_u32(value.map_or(0, |value| value.len() as u32 + 1));
        self.bytes.put_slice(key.map_or(&[], |key| key));
        self.bytes.put_slice(value.map_or(&[], |value| value));
        self.records += 1;
        self.end = offset.next();
    }

    pub(super) fn finish(self) -> Chunk {
        let end = self.end;
        self.finish_at(end)
    }

    /// Closes a chunk that was made for offsets up to `end`, although the last ones may be gone.
    fn finish_at(mut self, end: Offset) -> Chunk {
        let mut head = &mut self.bytes[CHECKED..HEAD];
        head.put_u64(self.first.0);
        head.put_u64(self.stored_at.0);
        head.put_u32((end.0 - self.first.0) as u32);
        head.put_u32(self.records);
        let checksum = crc32c::crc32c(&self.bytes[CHECKED..]);
        let mut head = &mut self.bytes[..CHECKED];
        head.put_u8(VERSION);
        head.put_u32(checksum);
        let footprint = footprint(self.bytes.len());
        let head =
            ChunkHead { first: self.first, end, stored_at: self.stored_at, records: self.records, footprint };
        Chunk { head, bytes: self.bytes.into() }
    }
}

impl ChunkHead {
    /// Reads the head alone; the records are not verified.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let mut head = bytes.get(..HEAD).ok_or(Damage::Short)?;
        let version = head.get_u8();
        if version != VERSION {
            return Err(Damage::Version(version));
        }
        head.advance(4);
        let first = head.get_u64();
        let stored_at = UnixMs(head.get_u64());
        let end = first.checked_add(head.get_u32().into()).ok_or(Damage::Records)?;
        let records = head.get_u32();
        let footprint = footprint(bytes.len());
        Ok(Self { first: Offset(first), end: Offset(end), stored_at, records, footprint })
    }
}

impl Chunk {
    /// Verifies the bytes that stand under `first`.
    pub(super) fn decode(bytes: Bytes, first: Offset) -> Result<Self, Damage> {
        let head = ChunkHead::decode(&bytes)?;
        let stored = (&bytes[1..CHECKED]).get_u32();
        let computed = crc32c::crc32c(&bytes[CHECKED..]);
        if stored != computed {
            return Err(Damage::Checksum { stored, computed });
        }
        if head.first != first {
            return Err(Damage::Misplaced(head.first));
        }
        let chunk = Self { head, bytes };
        let (mut records, mut next, mut at) = (0, first, HEAD);
        while let Some((record, after)) = chunk.record_at(at) {
            if record.offset < next || record.offset >= head.end {
                return Err(Damage::Records);
            }
            (records, next, at) = (records + 1, record.offset.next(), after);
        }
        if records != head.records || at != chunk.bytes.len() {
            return Err(Damage::Records);
        }
        Ok(chunk)
    }

    /// The bytes to store.
    pub(super) fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records at or after `offset`, in order. Their keys and values share the chunk's memory.
    pub(super) fn records_from(&self, offset: Offset) -> impl Iterator<Item = Stored> + '_ {
        let mut at = HEAD;
        std::iter::from_fn(move || {
            let (record, after) = self.record_at(at)?;
            at = after;
            Some(record)
        })
        .skip_while(move |record| record.offset < offset)
    }

    /// The chunk without the records that `keep` refuses; `None` when none is left.
    pub(super) fn retain(&self, keep: impl Fn(&Stored) -> bool) -> Option<Self> {
        let mut left = ChunkBuilder::new(self.head.first, self.head.stored_at);
        for record in self.records_from(self.head.first).filter(keep) {
            left.push(record.offset, record.key.as_ref(), record.value.as_ref());
        }
        (left.records > 0).then(|| left.finish_at(self.head.end))
    }

    /// The record at byte `at`, and where the next one begins. `None` at the end and where nothing fits.
    fn record_at(&self, at: usize) -> Option<(Stored, usize)> {
        let mut head = self.bytes.get(at..at + RECORD_HEAD)?;
        let offset = Offset(self.head.first.0.checked_add(head.get_u32().into())?);
        let (key, after) = self.field(at + RECORD_HEAD, head.get_u32())?;
        let (value, after) = self.field(after, head.get_u32())?;
        Some((Stored { offset, stored_at: self.head.stored_at, key, value }, after))
    }

    /// The bytes from `at` on of a field whose stored length (plus one; 0 for none) is `length`.
    fn field(&self, at: usize, length: u32) -> Option<(Option<Bytes>, usize)> {
        let Some(length) = length.checked_sub(1) else { return Some((None, at)) };
        let end = at.checked_add(length as usize)?;
        (end <= self.bytes.len()).then(|| (Some(self.bytes.slice(at..end)), end))
    }
}

#[cfg(test)]
mod tests;
