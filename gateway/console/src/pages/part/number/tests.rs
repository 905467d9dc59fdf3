//! Numbers read as people write them.

use std::time::Duration;

use super::{count, micros, rate, size, span};

#[test]
fn thousands_have_commas() {
    let shown = [0, 7, 999, 1_000, 1_234_567, u64::MAX].map(count);
    assert_eq!(shown, ["0", "7", "999", "1,000", "1,234,567", "18,446,744,073,709,551,615"]);
}

#[test]
fn small_rates_have_a_decimal() {
    let shown = [(0, 1), (5, 2), (25, 2), (12_345, 1)].map(|(n, s)| rate(n, Duration::from_secs(s)));
    assert_eq!(shown, ["0", "2.5", "13", "12,345"]);
    assert_eq!(rate(3, Duration::ZERO), "0.0");
}

#[test]
fn sizes_and_spans_have_units() {
    assert_eq!(
        [0, 1_023, 1_024, 1_536, 64 << 20, u64::MAX].map(size),
        ["0 B", "1023 B", "1 KiB", "1.5 KiB", "64 MiB", "16777216 TiB"]
    );
    assert_eq!([0, 999, 30_000, 3_661_000].map(span), ["0 ms", "999 ms", "30s", "1h 1m"]);
    assert_eq!([5, 1_500, 2_500_000].map(micros), ["5 µs", "1.5 ms", "2.50 s"]);
}

#[test]
fn ten_milliseconds_and_more_have_no_decimal() {
    let shown = [6_149, 9_949, 9_950, 12_345, 120_500, 999_499, 999_500].map(micros);
    assert_eq!(shown, ["6.1 ms", "9.9 ms", "10 ms", "12 ms", "120 ms", "999 ms", "1.00 s"]);
}
