//! Chunks: jobs pushed together are stored together, and their value goes when the last of them does. A chunk that is
//! kept for a few of its jobs is thinned: written again without the payloads of those that are gone.

use super::{Core, Decision};
use crate::record::{Damage, Key, Pack, PackWriter, Serial, Write};

/// Jobs in a chunk: the bits of a word say which are gone.
pub(super) const CHUNK_JOBS: usize = 64;

/// A chunk is closed when it has this many bytes. Measured: the engine's cost is per key, and its nodes hold up to 17
/// values, which have to stay below the size that it would put into a file of its own (512 KiB here).
pub(super) const CHUNK_BYTES: usize = 8 << 10;

/// Jobs pushed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) jobs: u8,
    /// The bits of the jobs that are gone.
    pub(super) gone: u64,
    /// Bytes of entries it stores.
    pub(super) stored: u32,
    /// Bytes of entries whose jobs are live.
    pub(super) live: u32,
    /// Whether `gone` is stored.
    pub(super) noted: bool,
}

impl Chunk {
    pub(super) fn new(jobs: usize, bytes: usize) -> Self {
        // At most CHUNK_JOBS; a chunk of one giant job stays below 4 GiB.
        let jobs = u8::try_from(jobs).unwrap_or(u8::MAX);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { jobs, gone: 0, stored: bytes, live: bytes, noted: false }
    }

    pub(super) fn is_gone(&self, index: u8) -> bool {
        self.gone >> index & 1 == 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gone.count_ones() == u32::from(self.jobs)
    }
}

/// `value` without the entries whose bits are set in `gone`.
pub(crate) fn thinned(value: &[u8], gone: u64) -> Result<Vec<u8>, Damage> {
    let pack = Pack::read(value)?;
    let mut writer = PackWriter::default();
    for index in 0..pack.len() {
        let entry = pack.get(index)?;
        writer.add(|to| {
            if gone >> index & 1 == 0 {
                to.extend_from_slice(entry);
            }
        });
    }
    Ok(writer.finish(pack.tag()))
}

impl Core {
    /// Chunks worth thinning, at most `max`, with the bits of their jobs that are gone. None while little is wasted.
    /// Cost: O(chunks) when something is wasted, else O(1).
    pub(crate) fn thinnable(&self, max: usize) -> Vec<(Serial, u64)> {
        let live = self.jobs.bytes();
        if self.stored < live.saturating_mul(2).max(live + self.limits.waste_bytes) {
            return Vec::new();
        }
        let wasteful = self.chunks.iter().filter(|(_, chunk)| chunk.stored / 2 > chunk.live);
        wasteful.take(max).map(|(serial, chunk)| (*serial, chunk.gone)).collect()
    }

    /// Replaces a chunk's value by its thinned one, as [`thinned`] made it for the bits `gone`.
    pub(crate) fn thin(&mut self, values: Vec<(Serial, Vec<u8>)>) -> Decision<()> {
        for (serial, value) in values {
            if let Some(chunk) = self.chunks.get_mut(&serial) {
                self.stored -= u64::from(chunk.stored - chunk.live);
                chunk.stored = chunk.live;
                self.unwritten.writes.push(Write::Put(Key::Chunk(serial), value));
            }
        }
        self.decide(())
    }
}
