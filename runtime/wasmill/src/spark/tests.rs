//! Tests of the bars.

use super::*;

#[test]
fn the_greatest_is_full_and_little_is_more_than_nothing() {
    assert_eq!(bars(&[0, 1, 50, 100]), "▁▂▅█");
    assert_eq!(bars(&[0, 0]), "▁▁");
    assert_eq!(bars(&[]), "");
    assert_eq!(bars(&[u64::MAX, u64::MAX / 2]), "█▅");
}
