//! Counts of times by their size, so that percentiles of many workers can be told together. Buckets are log-linear, as in
//! HdrHistogram (hdrhistogram.org): eight to each power of two, so a time is known to an eighth of itself. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many times there were of which size. Cost: memory by the buckets used, at most some hundreds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram(BTreeMap<u16, u64>);

/// The buckets of a power of two, as a power of two.
const FINE_BITS: u32 = 3;

impl Histogram {
    /// Adds one time. Cost: O(log buckets).
    pub fn record(&mut self, time: u64) {
        *self.0.entry(bucket_of(time)).or_default() += 1;
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            *self.0.entry(*bucket).or_default() += count;
        }
    }

    /// What came since an earlier state of the same histogram.
    pub fn since(&self, before: &Self) -> Self {
        let more = |(bucket, count): (&u16, &u64)| {
            let more = count.saturating_sub(before.0.get(bucket).copied().unwrap_or_default());
            (more > 0).then_some((*bucket, more))
        };
        Self(self.0.iter().filter_map(more).collect())
    }

    /// How many times there are.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time that `share` of all are not above, such as 0.99, up to the width of its bucket: an eighth of it, told as its upper
    /// end. `None` of nothing.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut passed = 0;
        self.0.iter().find_map(|(bucket, count)| {
            passed += count;
            (passed >= rank).then(|| upper_end(*bucket))
        })
    }
}

/// Times below eight have a bucket each; above that the first four bits of a time and how many follow make its bucket.
fn bucket_of(time: u64) -> u16 {
    let shift = (u64::BITS - time.leading_zeros()).saturating_sub(FINE_BITS + 1);
    // At most 60 · 8 + 15.
    ((u64::from(shift) << FINE_BITS) + (time >> shift)) as u16
}

/// The greatest time of a bucket.
fn upper_end(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let shift = (bucket >> FINE_BITS).saturating_sub(1);
    let first = bucket - (shift << FINE_BITS);
    // The last bucket ends where the numbers do.
    u64::try_from(((u128::from(first) + 1) << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
