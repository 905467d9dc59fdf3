//! Numbers as they are shown. Pure.

use std::time::Duration;

use crate::live::{Percentiles, per_second};

/// With a comma at every thousand.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many in a second: one decimal while it is small.
pub(crate) fn rate(number: u64, over: Duration) -> String {
    let rate = per_second(number, over);
    if rate >= 10.0 || number == 0 { count(rate.round() as u64) } else { format!("{rate:.1}") }
}

/// Bytes in the largest unit that leaves a whole.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_024.0;
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    for greater in units {
        if value < 1_024.0 {
            break;
        }
        value /= 1_024.0;
        unit = greater;
    }
    let text = format!("{value:.1}");
    format!("{} {unit}", text.trim_end_matches(".0"))
}

/// A span of time, its two greatest units.
pub(crate) fn span(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms} ms");
    }
    let text = humantime::format_duration(Duration::from_secs(ms / 1_000)).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Microseconds, in the unit that suits. Milliseconds have a decimal while they are fewer than ten.
pub(crate) fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..9_950 => format!("{:.1} ms", us as f64 / 1_000.0),
        9_950..999_500 => format!("{:.0} ms", us as f64 / 1_000.0),
        _ => format!("{:.2} s", us as f64 / 1_000_000.0),
    }
}

/// Three percentiles, in the unit that suits the greatest.
pub(crate) fn percentiles(of: Option<Percentiles>) -> String {
    let Some(Percentiles { p50, p95, p99 }) = of else { return "–".into() };
    let (unit, us) = match p99 {
        0..1_000 => ("µs", 1.0),
        1_000..1_000_000 => ("ms", 1_000.0),
        _ => ("s", 1_000_000.0),
    };
    let text = |time: u64| match time as f64 / us {
        time if time >= 10.0 || us < 2.0 => format!("{time:.0}"),
        time if time >= 1.0 => format!("{time:.1}"),
        time => format!("{time:.2}"),
    };
    format!("{} · {} · {} {unit}", text(p50), text(p95), text(p99))
}

#[cfg(test)]
mod tests;
