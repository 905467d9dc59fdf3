//! Sizes, spans of time and rates as people write them (`64MiB`, `30s`, `500/s`), and back.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use wasmill_job::Rate;

/// The bytes of a size such as `64MiB`.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size; write a number and a unit, such as 64KiB or 1.5MiB");
    // A bare number would parse; a unit has to be said.
    if !text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(wrong());
    }
    text.parse().map(|size: bytesize::ByteSize| size.as_u64()).map_err(|_| wrong())
}

/// A span of time such as `30s` or `1h 30m`, in whole milliseconds: a revision holds nothing finer.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).ok().filter(|span| span.subsec_nanos() % 1_000_000 == 0);
    span.ok_or_else(|| {
        format!("`{text}` is not a span of time; write a number and a unit, such as 500ms, 30s or 10m")
    })
}

/// A rate such as `500/s`, `10/m` or `200/100ms`.
pub(crate) fn parse_rate(text: &str) -> Result<Rate, String> {
    /// What [`Rate`] promises of its span.
    const PER: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);
    let read = || {
        let (jobs, per) = text.split_once('/')?;
        let jobs = jobs.trim().parse::<NonZeroU32>().ok()?;
        let per = per.trim();
        let whole = if per.starts_with(|c: char| c.is_ascii_digit()) { per } else { &format!("1{per}") };
        let per = parse_span(whole).ok().filter(|per| PER.contains(per))?;
        Some(Rate { jobs, per })
    };
    read().ok_or_else(|| {
        format!(
            "`{text}` is not a rate; write how many jobs may start in which time, from 1ms to 1d, such as 500/s, 10/m \
             or 200/100ms"
        )
    })
}

/// A size in the largest unit that tells it exactly.
pub(crate) fn show_size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let exact = units.iter().find(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    exact.map_or_else(|| format!("{bytes}B"), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}

/// A span of time in the largest unit that tells it exactly.
pub(crate) fn show_span(span: Duration) -> String {
    let millis = span.as_millis();
    let units = [(24 * 3_600_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let exact = units.iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit));
    exact.map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

/// A rate as a file would write it.
pub(crate) fn show_rate(rate: Rate) -> String {
    let per = show_span(rate.per);
    let unit = per.strip_prefix('1').filter(|unit| unit.starts_with(|c: char| c.is_ascii_alphabetic()));
    format!("{}/{}", rate.jobs, unit.unwrap_or(&per))
}

#[cfg(test)]
mod tests;
