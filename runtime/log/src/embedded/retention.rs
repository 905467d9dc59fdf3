//! Which chunks may go: settled ones that are too old, or the oldest settled ones of a topic that takes too much
//! space. Pure.

use std::time::Duration;

use wasmill_job::{Offset, TopicPartition, UnixMs};

use super::chunk::ChunkHead;

/// A partition of a topic, its committed floor, and its oldest chunks in order.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) of: TopicPartition,
    pub(super) floor: Offset,
    pub(super) oldest: Vec<ChunkHead>,
}

/// The limits of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) age: Duration,
    pub(super) bytes: u64,
}

/// What to drop of each partition of a topic that takes `topic_bytes`: always its oldest chunks, never one that holds
/// or is followed by less than its floor allows.
pub(super) fn decide(
    candidates: Vec<Candidate>,
    topic_bytes: u64,
    limits: Limits,
    now: UnixMs,
) -> Vec<(TopicPartition, Vec<ChunkHead>)> {
    let mut left = topic_bytes;
    let mut counts: Vec<usize> = candidates
        .iter()
        .map(|candidate| {
            let old = candidate.settled().take_while(|head| now.since(head.stored_at) > limits.age);
            old.inspect(|head| left = left.saturating_sub(head.footprint)).count()
        })
        .collect();
    while left > limits.bytes {
        let next = candidates.iter().zip(&counts).enumerate();
        let oldest = next
            .filter_map(|(at, (candidate, count))| Some((at, candidate.settled().nth(*count)?)))
            .min_by_key(|(_, head)| head.stored_at);
        let Some((at, head)) = oldest else { break };
        counts[at] += 1;
        left = left.saturating_sub(head.footprint);
    }
    let chosen = candidates.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    chosen
        .map(|(Candidate { of, mut oldest, .. }, count)| {
            oldest.truncate(count);
            (of, oldest)
        })
        .collect()
}

impl Candidate {
    fn settled(&self) -> impl Iterator<Item = &ChunkHead> {
        self.oldest.iter().take_while(|head| head.end <= self.floor)
    }
}

#[cfg(test)]
mod tests;
