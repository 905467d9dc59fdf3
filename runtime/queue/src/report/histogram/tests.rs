//! Percentiles, and how exact they are.

use proptest::prelude::*;

use super::{Histogram, bucket_of, upper_end};

fn of(times: impl IntoIterator<Item = u64>) -> Histogram {
    let mut histogram = Histogram::default();
    times.into_iter().for_each(|time| histogram.record(time));
    histogram
}

#[test]
fn tells_percentiles() {
    let histogram = of(1..=1_000);
    assert_eq!(histogram.count(), 1_000);
    assert_eq!(histogram.quantile(0.5), Some(511));
    assert_eq!(histogram.quantile(0.99), Some(1_023));
    assert_eq!(histogram.quantile(0.0), Some(1));
    assert_eq!(Histogram::default().quantile(0.5), None);
    assert_eq!(of([0, 0, 7]).quantile(0.5), Some(0));
    assert_eq!(of([u64::MAX]).quantile(1.0), Some(u64::MAX));
}

#[test]
fn tells_what_came_since() {
    let before = of([1, 1, 500]);
    let mut after = before.clone();
    after.record(1);
    after.record(9_000);
    assert_eq!(after.since(&before), of([1, 9_000]));
    assert!(before.since(&before).is_empty());
    let mut sum = before;
    sum.add(&of([1, 9_000]));
    assert_eq!(sum, after);
}

proptest! {
    #[test]
    fn a_time_is_known_to_an_eighth_of_itself(time: u64) {
        let end = upper_end(bucket_of(time));
        prop_assert!(end >= time);
        prop_assert!(end - time <= time / 8, "{time} is told as {end}");
    }

    #[test]
    fn greater_times_are_in_no_lower_bucket(one: u64, other: u64) {
        prop_assert_eq!(one.cmp(&other).is_gt() && bucket_of(one) < bucket_of(other), false);
    }
}
