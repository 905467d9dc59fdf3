//! Tests of percentiles.

use super::*;

fn of_ms(times: impl IntoIterator<Item = u64>) -> Spread {
    Spread::of(times.into_iter().map(Duration::from_millis))
}

#[test]
fn a_percentile_is_a_time_that_was_measured() {
    let hundred = of_ms((1..=100).rev());
    assert_eq!(hundred.percentile(50), Duration::from_millis(50));
    assert_eq!(hundred.percentile(99), Duration::from_millis(99));
    assert_eq!(hundred.percentile(100), Duration::from_millis(100));
    assert_eq!(of_ms([7]).percentile(1), Duration::from_millis(7));
    assert_eq!(of_ms([]).percentile(99), Duration::ZERO);
}

#[test]
fn times_are_short_to_read() {
    let texts = [12, 1_234, 56_789, 2_345_678].map(|us| short(Duration::from_micros(us)));
    assert_eq!(texts, ["12 µs", "1.23 ms", "57 ms", "2.35 s"]);
}
