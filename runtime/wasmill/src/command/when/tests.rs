//! Tests of moments as people name them.

use super::*;

#[test]
fn a_moment_is_a_span_ahead_or_behind_or_itself() {
    let ahead = |text: &str| text.parse::<When>().map(|when| when.after(UnixMs(1_000)).0);
    let behind = |text: &str| text.parse::<When>().map(|when| when.before(UnixMs(10_000_000)).0);
    assert_eq!(ahead("90d"), Ok(1_000 + 90 * 24 * 3_600_000));
    assert_eq!(behind("2h"), Ok(10_000_000 - 7_200_000));
    assert_eq!(behind("100y"), Ok(0));
    for at in [ahead, behind] {
        assert_eq!(at("2027-01-31T00:00:00Z"), Ok(1_801_353_600_000));
        for wrong in ["", "soon", "2027-01-31", "1969-01-01T00:00:00Z"] {
            assert_eq!(at(wrong), Err(NoMoment), "{wrong}");
        }
    }
}
