//! Unit tests of `units`.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn sizes_need_a_unit() {
    assert_eq!(parse_size("64MiB"), Ok(64 << 20));
    assert_eq!(parse_size("1.5KiB"), Ok(1536));
    assert_eq!(parse_size("1kB"), Ok(1000));
    for wrong in ["", "64", "MiB", "-1MiB", "64 MiBs", "64\u{ff}iB", "1e9B"] {
        assert!(parse_size(wrong).is_err(), "{wrong:?} was accepted");
    }
}

#[test]
fn spans_need_a_unit() {
    assert_eq!(parse_span("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(parse_span("1h 30m"), Ok(Duration::from_secs(5400)));
    for wrong in ["", "30", "s", "-1s", "1 fortnight", "10us"] {
        assert!(parse_span(wrong).is_err(), "{wrong:?} was accepted");
    }
}

#[test]
fn a_size_is_shown_in_the_largest_exact_unit() {
    let shown = [0, 1000, 64 << 10, 64 << 20, 3 << 30, (1 << 20) + 1].map(show_size);
    assert_eq!(shown, ["0B", "1000B", "64KiB", "64MiB", "3GiB", "1048577B"]);
}

#[test]
fn a_span_is_shown_in_the_largest_exact_unit() {
    let shown =
        [0, 1, 90_000, 3_600_000, 48 * 3_600_000].map(|millis| show_span(Duration::from_millis(millis)));
    assert_eq!(shown, ["0ms", "1ms", "90s", "1h", "2d"]);
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(bytes: u64, millis in 0_u64..1 << 40) {
        prop_assert_eq!(parse_size(&show_size(bytes)), Ok(bytes));
        let span = Duration::from_millis(millis);
        prop_assert_eq!(parse_span(&show_span(span)), Ok(span));
    }
}
