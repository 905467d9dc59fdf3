//! Charts say what they measure, have gaps, and escape what they are told.

use std::time::Duration;

use wasmill_job::UnixMs;

use super::{Axis, Chart, Line, chart, segments, ticks};

const MINUTE: u64 = 60_000;

/// Two hours, from 23:00 on.
fn axis() -> Axis {
    let from = 23 * 60 * MINUTE;
    Axis {
        from: UnixMs(from),
        to: UnixMs(from + 120 * MINUTE),
        step: Duration::from_secs(60),
        tick: Duration::from_secs(1_800),
    }
}

fn values(of: &[(u64, f64)]) -> Vec<(UnixMs, f64)> {
    of.iter().map(|(minute, value)| (UnixMs(axis().from.0 + minute * MINUTE), *value)).collect()
}

#[test]
fn a_gap_ends_a_line() {
    let drawn = segments(axis(), &values(&[(0, 0.0), (1, 4.0), (60, 2.0)]), 4.0);
    assert_eq!(drawn, ["3.0,130.0 3.0,130.0 9.0,18.0", "363.0,74.0 363.0,74.0"]);
    assert!(segments(axis(), &[], 4.0).is_empty());
    assert_eq!(segments(axis(), &values(&[(0, 0.0)]), 0.0), ["3.0,130.0 3.0,130.0"]);
}

#[test]
fn midnight_is_named_by_its_day() {
    let told: Vec<_> = ticks(axis()).into_iter().map(|(x, text)| format!("{x} {text}")).collect();
    assert_eq!(told, ["180.0 23:30", "360.0 2 Jan", "540.0 00:30"]);
    let nowhere = Axis { from: UnixMs(u64::MAX - 5), to: UnixMs(u64::MAX), ..axis() };
    assert!(ticks(nowhere).is_empty());
}

#[test]
fn a_chart_is_told_in_words_and_escaped() {
    let line = |name, of: &[(u64, f64)]| Line { name, class: "good", values: values(of) };
    let lines = vec![line("<done>", &[(0, 3.0), (1, 2.5)]), line("failed", &[])];
    let page =
        chart(axis(), &Chart { id: "c", title: "Jobs", text: |value| format!("{value} a minute"), lines });
    let page = page.into_string();
    assert!(
        page.contains("&lt;done&gt;: at most 3 a minute, at last 2.5 a minute. failed: nothing."),
        "{page}"
    );
    assert!(
        page.contains(">3 a minute</text>") && page.contains("<title id=\"c-title\">Jobs</title>"),
        "{page}"
    );
    assert!(!page.contains("<done>") && !page.contains("style="), "{page}");
}
