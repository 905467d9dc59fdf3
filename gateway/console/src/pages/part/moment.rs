//! Moments as they are shown: the date for people, and for programs.

use std::time::{Duration, UNIX_EPOCH};

use maud::{Markup, html};
use wasmill_job::UnixMs;

use super::number::span;

/// A moment, and how long ago it was, or how soon it will be.
pub(crate) fn moment(now: UnixMs, at_ms: u64) -> Markup {
    let Some(text) = written(at_ms) else { return html! { "–" } };
    let at = UnixMs(at_ms);
    let apart = if at > now { format!("in {}", span(at.0 - now.0)) } else { format!("{} ago", ago(now, at)) };
    html! { time datetime=(text) title=(text) { (apart) } }
}

/// A moment alone.
pub(crate) fn exact(at_ms: u64) -> Markup {
    let Some(text) = written(at_ms) else { return html! { "–" } };
    html! { time datetime=(text) { (text.replace('T', " ").trim_end_matches('Z')) " UTC" } }
}

/// The day and the time of day of a moment.
pub(crate) struct Parts {
    pub(crate) day: String,
    pub(crate) time: String,
}

/// Nothing for moments that no calendar has.
pub(crate) fn parts(at_ms: u64) -> Option<Parts> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // Such as 2026-01-31T23:59:00Z.
    let text = written(at_ms)?;
    let (month, day) = (text.get(5..7)?.parse::<usize>().ok()?, text.get(8..10)?.trim_start_matches('0'));
    let month = MONTHS.get(month.checked_sub(1)?)?;
    Some(Parts { day: format!("{day} {month}"), time: text.get(11..16)?.to_owned() })
}

fn ago(now: UnixMs, at: UnixMs) -> String {
    let ms = now.0 - at.0;
    if ms < 1_000 { "0s".into() } else { span(ms).split(' ').next().unwrap_or_default().to_owned() }
}

/// RFC 3339; nothing for moments that no calendar has.
fn written(at_ms: u64) -> Option<String> {
    /// The end of the year 9999.
    const LAST_MS: u64 = 253_402_300_799_000;
    let fits = (1..=LAST_MS).contains(&at_ms);
    fits.then(|| humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(at_ms)).to_string())
}
