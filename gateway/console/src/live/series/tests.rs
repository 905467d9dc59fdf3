//! Buckets fill, close, and are forgotten.

use std::time::Duration;

use wasmill_job::{JobType, UnixMs};
use wasmill_queue::Latencies;

use super::{BUCKETS, Series};
use crate::live::{Flow, WaitAndRun};

fn hello() -> JobType {
    "hello".parse().unwrap()
}

fn one() -> std::collections::BTreeMap<JobType, Flow> {
    [(hello(), Flow { accepted: 1, completed: 2, ..Flow::default() })].into()
}

/// One that waited 10 µs and ran a thousand.
fn ran() -> std::collections::BTreeMap<JobType, Latencies> {
    let mut times = Latencies::default();
    times.wait_us.record(10);
    times.run_us.record(1_000);
    [(hello(), times)].into()
}

#[test]
fn a_bucket_closes_after_five_seconds() {
    let mut series = Series::default();
    for second in 0..=4 {
        series.add(UnixMs(second * 1_000), &one(), &ran());
    }
    assert_eq!(series.mill().len(), 0);
    series.add(UnixMs(5_000), &one(), &ran());
    let bucket = series.mill().next().unwrap();
    assert_eq!((bucket.flow.accepted, bucket.flow.completed, bucket.over), (6, 12, Duration::from_secs(5)));
    assert_eq!(series.of_type(&hello()).collect::<Vec<_>>(), [bucket]);
}

#[test]
fn a_type_that_nothing_happens_to_has_empty_buckets() {
    let mut series = Series::default();
    series.add(UnixMs(0), &one(), &ran());
    series.add(UnixMs(6_000), &[].into(), &[].into());
    let other = "other".parse().unwrap();
    assert_eq!(series.of_type(&other).next().unwrap().flow, Flow::default());
}

#[test]
fn what_is_older_than_five_minutes_is_forgotten() {
    let mut series = Series::default();
    for second in 0..1_000 {
        series.add(UnixMs(second * 1_000), &one(), &ran());
    }
    assert_eq!(series.mill().len(), BUCKETS);
    let sum = series.sums()[&hello()];
    assert!((300..310).contains(&sum.accepted), "{sum:?}");
    for second in 1_000..2_000 {
        series.add(UnixMs(second * 1_000), &[].into(), &[].into());
    }
    assert!(series.sums().is_empty(), "{:?}", series.sums());
}

#[test]
fn times_are_those_of_five_minutes() {
    let mut series = Series::default();
    assert_eq!(series.times().mill(), WaitAndRun::default());
    for second in 0..400 {
        series.add(UnixMs(second * 1_000), &[].into(), &ran());
    }
    let times = series.times().of_type(&hello());
    assert_eq!((times.wait.unwrap().p50, series.times().mill()), (10, times));
    assert!((1_000..1_126).contains(&times.run.unwrap().p99), "{times:?}");
    let slow = ran().into_iter().map(|(name, mut of)| {
        (0..1_000).for_each(|_| of.run_us.record(50_000));
        (name, of)
    });
    series.add(UnixMs(401_000), &[].into(), &slow.collect());
    assert!(series.times().mill().run.unwrap().p95 >= 50_000);
    let none = series.of_types(|_| false);
    assert_eq!(none.times().mill(), WaitAndRun::default());
    assert_eq!(series.of_types(|name| *name == hello()).times().mill(), series.times().mill());
    for second in 402..1_000 {
        series.add(UnixMs(second * 1_000), &[].into(), &[].into());
    }
    assert_eq!(series.times().mill(), WaitAndRun::default());
    assert_eq!(series.times().of_type(&hello()), WaitAndRun::default());
}
