//! What compaction may take, and what never.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use wasmill_job::{Offset, UnixMs};

use super::{Newest, TOMBSTONE_KEPT};
use crate::embedded::chunk::{Chunk, ChunkBuilder};

type Record = (Option<u8>, Option<u8>);

/// Chunks of three records each.
fn chunks(records: &[Record]) -> Vec<Chunk> {
    let bytes = |field: Option<u8>| field.map(|byte| Bytes::from(vec![byte]));
    let groups = (0..).step_by(3).zip(records.chunks(3));
    groups
        .map(|(first, records)| {
            let mut builder = ChunkBuilder::new(Offset(first), UnixMs(0));
            for (at, (key, value)) in (first..).zip(records) {
                builder.push(Offset(at), bytes(*key).as_ref(), bytes(*value).as_ref());
            }
            builder.finish()
        })
        .collect()
}

fn compacted(chunks: &[Chunk], now: UnixMs) -> Vec<Chunk> {
    let mut newest = Newest::default();
    chunks.iter().for_each(|chunk| newest.note(chunk));
    let left = chunks.iter().filter_map(|chunk| {
        let gone = newest.gone(chunk, now);
        chunk.retain(|record| !gone.contains(&record.offset))
    });
    left.collect()
}

fn offsets(chunks: &[Chunk]) -> Vec<u64> {
    chunks.iter().flat_map(|chunk| chunk.records_from(Offset(0))).map(|record| record.offset.0).collect()
}

fn folded(chunks: &[Chunk]) -> BTreeMap<Bytes, Bytes> {
    let mut folded = BTreeMap::new();
    for record in chunks.iter().flat_map(|chunk| chunk.records_from(Offset(0))) {
        match (record.key, record.value) {
            (Some(key), Some(value)) => drop(folded.insert(key, value)),
            (Some(key), None) => drop(folded.remove(&key)),
            (None, _) => {}
        }
    }
    folded
}

const SOON: UnixMs = UnixMs(1);

#[test]
fn only_the_newest_of_a_key_stays() {
    let chunks = chunks(&[(Some(1), Some(0)), (Some(2), Some(0)), (Some(1), Some(1)), (Some(1), Some(2))]);
    assert_eq!(offsets(&compacted(&chunks, SOON)), [1, 3]);
}

#[test]
fn a_tombstone_stays_until_it_was_kept_long_enough() {
    let chunks = chunks(&[(Some(1), Some(0)), (Some(1), None), (Some(2), Some(0))]);
    assert_eq!(offsets(&compacted(&chunks, SOON)), [1, 2]);
    assert_eq!(offsets(&compacted(&chunks, UnixMs(0).plus(TOMBSTONE_KEPT))), [2]);
}

#[test]
fn the_last_record_stays_even_as_an_old_tombstone() {
    let chunks = chunks(&[(Some(1), Some(0)), (Some(2), None), (Some(1), None)]);
    assert_eq!(offsets(&compacted(&chunks, UnixMs(u64::MAX))), [2]);
}

#[test]
fn records_without_a_key_stay() {
    let chunks = chunks(&[(None, Some(0)), (None, None), (None, Some(0))]);
    assert_eq!(offsets(&compacted(&chunks, UnixMs(u64::MAX))), [0, 1, 2]);
}

#[test]
fn a_record_newer_than_the_scan_stays() {
    let chunks = chunks(&[(Some(1), Some(0)), (Some(2), Some(0)), (Some(3), Some(0)), (Some(1), None)]);
    let mut newest = Newest::default();
    newest.note(&chunks[0]);
    assert!(newest.gone(&chunks[1], UnixMs(u64::MAX)).is_empty());
}

proptest! {
    #[test]
    fn a_live_record_never_goes_and_a_second_pass_finds_nothing(
        records in prop::collection::vec((prop::option::of(0_u8..5), prop::option::of(any::<u8>())), 0..40),
        old in any::<bool>(),
    ) {
        let now = if old { UnixMs(u64::MAX) } else { SOON };
        let chunks = chunks(&records);
        let once = compacted(&chunks, now);
        prop_assert_eq!(folded(&once), folded(&chunks));
        prop_assert_eq!(offsets(&compacted(&once, now)), offsets(&once));
    }
}
