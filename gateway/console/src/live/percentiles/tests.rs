//! Percentiles of nothing, of many, and of two.
#![allow(clippy::unwrap_used)]

use wasmill_queue::Histogram;

use super::Percentiles;

#[test]
fn most_are_not_above() {
    let mut times = Histogram::default();
    assert_eq!(Percentiles::of(&times), None);
    (1..=1_000).for_each(|us| times.record(us));
    let Percentiles { p50, p95, p99 } = Percentiles::of(&times).unwrap();
    for (told, wanted) in [(p50, 500), (p95, 950), (p99, 990)] {
        assert!((wanted..=wanted + wanted / 8).contains(&told), "{told} {wanted}");
    }
}

#[test]
fn of_two_the_greater_counts() {
    let one = Percentiles { p50: 1, p95: 20, p99: 30 };
    let other = Percentiles { p50: 2, p95: 10, p99: 40 };
    assert_eq!(one.max(other), Percentiles { p50: 2, p95: 20, p99: 40 });
    let told = serde_json::to_value(Percentiles { p50: 500, p95: 12_500, p99: 1_000_000 }.ms()).unwrap();
    assert_eq!(told, serde_json::json!({"p50": 0.5, "p95": 12.5, "p99": 1000.0}));
}
