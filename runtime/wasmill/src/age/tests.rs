//! Tests of how long something has lasted.

use super::*;

#[test]
fn the_two_largest_units_are_told() {
    let told = [820, 12_400, 185_000, 7_805_000, 90_000_000].map(|ms| age(Duration::from_millis(ms)));
    assert_eq!(told, ["820 ms", "12s", "3m 5s", "2h 10m", "1day 1h"]);
}

#[test]
fn a_clock_that_is_behind_tells_nothing_below_zero() {
    assert_eq!(age_between(5_000, 3_000), "0 µs");
}
