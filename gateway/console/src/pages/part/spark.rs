//! Small charts: a line over the last five minutes, drawn as SVG, and told in words to whoever does not see it. Pure.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::live::{BUCKETS, Bucket, per_second};

/// The size of the drawing.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// What a line shows of a bucket.
pub(crate) type Of = fn(&Bucket) -> u64;

/// Rates, the oldest first.
pub(crate) fn rates(buckets: impl Iterator<Item = Bucket>, of: Of) -> Vec<f64> {
    buckets.map(|bucket| per_second(of(&bucket), bucket.over)).collect()
}

/// The points of a polyline: the newest value stands at the right edge, the greatest at the top.
pub(crate) fn points(rates: &[f64]) -> String {
    let top = rates.iter().copied().fold(0.0, f64::max);
    let step = WIDTH / (BUCKETS - 1) as f64;
    let first = WIDTH - step * rates.len().saturating_sub(1) as f64;
    let mut text = String::new();
    for (index, rate) in rates.iter().enumerate() {
        let x = first + step * index as f64;
        let y = HEIGHT - 1.0 - if top > 0.0 { rate / top * (HEIGHT - 2.0) } else { 0.0 };
        // Writing to a text cannot fail.
        let _ = write!(text, "{}{x:.1},{y:.1}", if index > 0 { " " } else { "" });
    }
    text
}

/// The line. `key` names it for live numbers.
pub(crate) fn spark(key: Option<&str>, what: &str, rates: &[f64], class: &str) -> Markup {
    let top = rates.iter().copied().fold(0.0, f64::max);
    let now = rates.last().copied().unwrap_or_default();
    let told = format!("{what} in a second over the last five minutes: now {now:.1}, at most {top:.1}");
    html! {
        svg class={ "spark " (class) } viewBox="0 0 120 28" preserveAspectRatio="none" role="img" aria-label=(told) {
            title { (told) }
            polyline points=(points(rates)) data-line=[key] {}
        }
    }
}

#[cfg(test)]
mod tests;
