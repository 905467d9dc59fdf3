//! Recent chunks answer as the file would, or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use wasmill_job::{Offset, Partition, Topic, TopicPartition, UnixMs};

use super::{BYTES_MAX, Recent};
use crate::embedded::chunk::{Chunk, ChunkBuilder};

fn of(topic: &str) -> TopicPartition {
    TopicPartition::new(Topic::from(topic), Partition(0))
}

fn chunk(first: u64, records: u64, bytes: usize) -> Chunk {
    let mut builder = ChunkBuilder::new(Offset(first), UnixMs(0));
    for offset in first..first + records {
        builder.push(Offset(offset), None, Some(&Bytes::from(vec![0; bytes])));
    }
    builder.finish()
}

fn offsets(recent: &Recent, of: &TopicPartition, from: u64, bytes_max: usize) -> Option<Vec<u64>> {
    let records = recent.read(of, Offset(from), bytes_max)?;
    Some(records.into_iter().map(|record| record.offset.0).collect())
}

#[test]
fn reads_run_over_neighbouring_chunks_and_end_at_a_hole() {
    let recent = Recent::default();
    for first in [0, 3, 9] {
        recent.insert(&of("a"), chunk(first, 3, 10));
    }
    assert_eq!(offsets(&recent, &of("a"), 1, usize::MAX), Some(vec![1, 2, 3, 4, 5]));
    assert_eq!(offsets(&recent, &of("a"), 6, usize::MAX), None);
    assert_eq!(offsets(&recent, &of("a"), 9, usize::MAX), Some(vec![9, 10, 11]));
    assert_eq!(offsets(&recent, &of("a"), 12, usize::MAX), None);
    assert_eq!(offsets(&recent, &of("b"), 0, usize::MAX), None);
}

#[test]
fn a_bite_holds_at_least_one_record_and_otherwise_no_more_than_asked() {
    let recent = Recent::default();
    recent.insert(&of("a"), chunk(0, 10, 88));
    assert_eq!(offsets(&recent, &of("a"), 0, 0), Some(vec![0]));
    assert_eq!(offsets(&recent, &of("a"), 0, 299), Some(vec![0, 1]));
    assert_eq!(offsets(&recent, &of("a"), 0, 300), Some(vec![0, 1, 2]));
}

#[test]
fn the_oldest_go_first_when_there_are_too_many() {
    let recent = Recent::default();
    let chunks = 2 * BYTES_MAX as u64 / (1 << 20);
    for first in 0..chunks {
        recent.insert(&of("a"), chunk(first, 1, 1 << 20));
        recent.insert(&of("a"), chunk(first, 1, 1 << 20));
    }
    assert_eq!(offsets(&recent, &of("a"), 0, 1), None);
    assert_eq!(offsets(&recent, &of("a"), chunks - 1, 1), Some(vec![chunks - 1]));
    let inner = recent.inner.lock().unwrap();
    assert!(inner.bytes <= BYTES_MAX && inner.bytes > BYTES_MAX / 2);
    assert_eq!(inner.chunks[&of("a")].len(), inner.order.len());
}

#[test]
fn chunks_that_may_change_are_not_kept() {
    let recent = Recent::default();
    recent.insert(&of("wasmill.dead"), chunk(0, 1, 10));
    assert_eq!(offsets(&recent, &of("wasmill.dead"), 0, 1), None);
}
