//! A pack: some byte strings in one value, each readable without the others. Jobs pushed together and results of
//! one settle are stored in packs, because the engine's cost is per key, not per byte.
//!
//! Layout: a tag of 4 bytes for the writer's use · the number of entries (u32) · where each ends (u32 each) · the entries.

use super::Damage;

const HEAD: usize = 8;

/// Builds a pack.
#[derive(Debug, Default)]
pub(crate) struct PackWriter {
    ends: Vec<u32>,
    body: Vec<u8>,
}

/// Reads a pack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pack<'a> {
    tag: u32,
    ends: &'a [u8],
    body: &'a [u8],
}

impl PackWriter {
    /// Adds an entry: `write` appends its bytes.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let before = self.body.len();
        write(&mut self.body);
        // Entries are at most some megabytes, and a pack is closed long before 4 GiB: saturation is never reached.
        let end = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
        u32::try_from(self.body.len() - before).unwrap_or(u32::MAX)
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all entries.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The pack as bytes; the writer is empty afterwards.
    pub(crate) fn finish(&mut self, tag: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + 4 * self.ends.len() + self.body.len());
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.ends.len()).unwrap_or(u32::MAX).to_le_bytes());
        for end in self.ends.drain(..) {
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        bytes.append(&mut self.body);
        bytes
    }
}

impl<'a> Pack<'a> {
    /// Reads the head of a pack.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Damage> {
        let torn = || Damage("a pack is shorter than its head says".into());
        let tag = number(bytes, 0).ok_or_else(torn)?;
        let count = number(bytes, 4).ok_or_else(torn)? as usize;
        let ends_to = count.checked_mul(4).and_then(|len| len.checked_add(HEAD)).ok_or_else(torn)?;
        let ends = bytes.get(HEAD..ends_to).ok_or_else(torn)?;
        Ok(Self { tag, ends, body: &bytes[ends_to..] })
    }

    pub(crate) fn tag(&self) -> u32 {
        self.tag
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() / 4
    }

    /// Entry `index`.
    pub(crate) fn get(&self, index: usize) -> Result<&'a [u8], Damage> {
        let absent = || Damage(format!("a pack of {} entries has no entry {index}", self.len()));
        let start = if index == 0 { Some(0) } else { number(self.ends, (index - 1) * 4) };
        let end = number(self.ends, index * 4).ok_or_else(absent)?;
        self.body.get(start.ok_or_else(absent)? as usize..end as usize).ok_or_else(absent)
    }

    /// Where entry `index` lies in the bytes that were given to [`Pack::read`].
    pub(crate) fn place(&self, index: usize) -> Result<std::ops::Range<usize>, Damage> {
        let entry = self.get(index)?;
        let before = HEAD + self.ends.len();
        let start =
            if index == 0 { 0 } else { number(self.ends, (index - 1) * 4).unwrap_or_default() as usize };
        Ok(before + start..before + start + entry.len())
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
