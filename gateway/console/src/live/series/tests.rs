//! Buckets fill, close, and are forgotten.

use std::time::Duration;

use wasmill_job::{JobType, UnixMs};

use super::{BUCKETS, Series};
use crate::live::Flow;

fn hello() -> JobType {
    "hello".parse().unwrap()
}

fn one() -> std::collections::BTreeMap<JobType, Flow> {
    [(hello(), Flow { accepted: 1, completed: 2, ..Flow::default() })].into()
}

#[test]
fn a_bucket_closes_after_five_seconds() {
    let mut series = Series::default();
    for second in 0..=4 {
        series.add(UnixMs(second * 1_000), &one());
    }
    assert_eq!(series.mill().len(), 0);
    series.add(UnixMs(5_000), &one());
    let bucket = series.mill().next().unwrap();
    assert_eq!((bucket.flow.accepted, bucket.flow.completed, bucket.over), (6, 12, Duration::from_secs(5)));
    assert_eq!(series.of_type(&hello()).collect::<Vec<_>>(), [bucket]);
}

#[test]
fn a_type_that_nothing_happens_to_has_empty_buckets() {
    let mut series = Series::default();
    series.add(UnixMs(0), &one());
    series.add(UnixMs(6_000), &[].into());
    let other = "other".parse().unwrap();
    assert_eq!(series.of_type(&other).next().unwrap().flow, Flow::default());
}

#[test]
fn what_is_older_than_five_minutes_is_forgotten() {
    let mut series = Series::default();
    for second in 0..1_000 {
        series.add(UnixMs(second * 1_000), &one());
    }
    assert_eq!(series.mill().len(), BUCKETS);
    let sum = series.sums()[&hello()];
    assert!((300..310).contains(&sum.accepted), "{sum:?}");
    for second in 1_000..2_000 {
        series.add(UnixMs(second * 1_000), &[].into());
    }
    assert!(series.sums().is_empty(), "{:?}", series.sums());
}
