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
fn rates_need_a_number_and_a_time() {
    let rate =
        |jobs, millis| Ok(Rate { jobs: NonZeroU32::new(jobs).unwrap(), per: Duration::from_millis(millis) });
    assert_eq!(parse_rate("500/s"), rate(500, 1_000));
    assert_eq!(parse_rate("10 / m"), rate(10, 60_000));
    assert_eq!(parse_rate("1/h"), rate(1, 3_600_000));
    assert_eq!(parse_rate("200/100ms"), rate(200, 100));
    assert_eq!(parse_rate("3/1d"), rate(3, 24 * 3_600_000));
    for wrong in
        ["", "500", "/s", "500/", "0/s", "-1/s", "1.5/s", "5/0s", "5/10us", "5/2d", "5/s/s", "5/fortnight"]
    {
        assert!(parse_rate(wrong).is_err(), "{wrong:?} was accepted");
    }
}

#[test]
fn a_rate_is_shown_as_a_file_would_write_it() {
    let shown = ["500/s", "10/60s", "1/1h", "200/100ms", "3/10s", "4/15s"];
    let shown = shown.map(|text| show_rate(parse_rate(text).unwrap()));
    assert_eq!(shown, ["500/s", "10/m", "1/h", "200/100ms", "3/10s", "4/15s"]);
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
    fn what_is_shown_reads_back(bytes: u64, millis in 0_u64..1 << 40, jobs: NonZeroU32, per in 1_u64..86_400_000) {
        let rate = Rate { jobs, per: Duration::from_millis(per) };
        prop_assert_eq!(parse_rate(&show_rate(rate)), Ok(rate));
        prop_assert_eq!(parse_size(&show_size(bytes)), Ok(bytes));
        let span = Duration::from_millis(millis);
        prop_assert_eq!(parse_span(&show_span(span)), Ok(span));
    }
}
