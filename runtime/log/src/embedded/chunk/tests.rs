//! Chunks come back as they went, and damage never passes for records.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wasmill_job::{Offset, UnixMs};

use super::{CHUNK_BYTES_MAX, Chunk, ChunkBuilder, Damage};
use crate::Stored;

type Field = Option<Vec<u8>>;

fn records() -> impl Strategy<Value = Vec<(u64, Field, Field)>> {
    let field = || option::of(vec(any::<u8>(), 0..40));
    vec((1_u64..5, field(), field()), 1..40)
}

/// A chunk of these records, each so many offsets after the one before; and what should be in it.
fn chunk(first: u64, records: Vec<(u64, Field, Field)>) -> (Chunk, Vec<Stored>) {
    let mut builder = ChunkBuilder::new(Offset(first), UnixMs(77));
    let (mut offset, mut expected) = (first, Vec::new());
    for (step, key, value) in records {
        let (key, value) = (key.map(Bytes::from), value.map(Bytes::from));
        builder.push(Offset(offset), key.as_ref(), value.as_ref());
        expected.push(Stored { offset: Offset(offset), stored_at: UnixMs(77), key, value });
        offset += step;
    }
    (builder.finish(), expected)
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(first in 0_u64..1 << 60, records in records()) {
        let (chunk, expected) = chunk(first, records);
        let decoded = Chunk::decode(chunk.as_bytes().clone(), Offset(first)).unwrap();
        prop_assert_eq!(&decoded, &chunk);
        prop_assert_eq!(&decoded.records_from(Offset(first)).collect::<Vec<_>>(), &expected);
        let middle = expected[expected.len() / 2].offset;
        let rest: Vec<_> = expected.into_iter().filter(|record| record.offset >= middle).collect();
        prop_assert_eq!(decoded.records_from(middle).collect::<Vec<_>>(), rest);
    }

    #[test]
    fn a_flipped_bit_or_a_missing_end_is_noticed(records in records(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (chunk, _) = chunk(9, records);
        let bytes = chunk.as_bytes();
        let at = at.index(bytes.len());
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1_u8 << bit;
        prop_assert!(Chunk::decode(flipped.into(), Offset(9)).is_err());
        prop_assert!(Chunk::decode(bytes.slice(..at), Offset(9)).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in vec(any::<u8>(), 0..200), first in any::<u64>()) {
        prop_assert!(Chunk::decode(bytes.into(), Offset(first)).is_err());
    }

    #[test]
    fn leaving_records_out_keeps_the_others_in_place(records in records(), gone in 0_usize..40) {
        let (chunk, mut expected) = chunk(5, records);
        let gone = expected[gone % expected.len()].offset;
        expected.retain(|record| record.offset != gone);
        match chunk.retain(|record| record.offset != gone) {
            None => prop_assert!(expected.is_empty()),
            Some(left) => {
                let decoded = Chunk::decode(left.as_bytes().clone(), Offset(5)).unwrap();
                prop_assert_eq!(decoded.head.end, chunk.head.end);
                prop_assert_eq!(decoded.records_from(Offset(0)).collect::<Vec<_>>(), expected);
            }
        }
    }
}

#[test]
fn a_chunk_under_another_offset_is_refused() {
    let (chunk, _) = chunk(5, vec![(1, None, None)]);
    let refused = Chunk::decode(chunk.as_bytes().clone(), Offset(6)).unwrap_err();
    assert_eq!(refused, Damage::Misplaced(Offset(5)));
}

#[test]
fn a_chunk_of_another_layout_is_refused() {
    let (chunk, _) = chunk(5, vec![(1, None, None)]);
    let mut bytes = chunk.as_bytes().to_vec();
    bytes[0] = 2;
    assert_eq!(Chunk::decode(bytes.into(), Offset(5)).unwrap_err(), Damage::Version(2));
}

#[test]
fn records_share_the_memory_of_their_chunk() {
    let (chunk, _) = chunk(5, vec![(1, None, Some(vec![3; 30]))]);
    let value = chunk.records_from(Offset(5)).next().unwrap().value.unwrap();
    assert!(chunk.as_bytes().as_ptr_range().contains(&value.as_ptr()));
}

#[test]
fn a_full_chunk_has_room_for_nothing_and_an_empty_one_for_anything() {
    let mut builder = ChunkBuilder::new(Offset(0), UnixMs(0));
    assert!(builder.has_room(CHUNK_BYTES_MAX * 10));
    builder.push(Offset(0), None, Some(&Bytes::from(vec![0; CHUNK_BYTES_MAX / 2])));
    assert!(builder.has_room(100));
    assert!(!builder.has_room(CHUNK_BYTES_MAX / 2));
}

#[test]
fn the_layout_is_the_documented_one() {
    let mut builder = ChunkBuilder::new(Offset(0x0102), UnixMs(0x0304));
    builder.push(Offset(0x0102), None, Some(&Bytes::from_static(b"v")));
    builder.push(Offset(0x0104), Some(&Bytes::from_static(b"key")), Some(&Bytes::new()));
    let chunk = builder.finish();
    let body = [
        &[0, 0, 0, 0, 0, 0, 1, 2][..],
        &[0, 0, 0, 0, 0, 0, 3, 4],
        &[0, 0, 0, 3],
        &[0, 0, 0, 2],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        b"v",
        &[0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1],
        b"key",
    ]
    .concat();
    assert_eq!(chunk.as_bytes()[0], 1);
    assert_eq!(chunk.as_bytes()[1..5], crc32c::crc32c(&body).to_be_bytes());
    assert_eq!(chunk.as_bytes()[5..], body);
}
