//! Charts over hours and days: lines drawn as SVG, with axes that say what they measure, and told in words to whoever does not see
//! them. What was not recorded is a gap. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};
use wasmill_job::UnixMs;

use super::moment::{Parts, parts};

/// The time that a chart shows, and the length of a step of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) from: UnixMs,
    pub(crate) to: UnixMs,
    pub(crate) step: Duration,
    /// Between two labels.
    pub(crate) tick: Duration,
}

/// A chart.
pub(crate) struct Chart<'c> {
    /// For the ids inside the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// How a value is written, with its unit.
    pub(crate) text: fn(f64) -> String,
    pub(crate) lines: Vec<Line<'c>>,
}

/// A line: its name, its class, and its values with the beginning of their steps; those that are not known are not there.
pub(crate) struct Line<'c> {
    pub(crate) name: &'c str,
    pub(crate) class: &'static str,
    pub(crate) values: Vec<(UnixMs, f64)>,
}

/// How wide the drawing is, and between which heights the lines are; labels stand above and below.
const WIDTH: f64 = 720.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 130.0;

/// The chart. Cost: some ten bytes for each value.
pub(crate) fn chart(axis: Axis, chart: &Chart<'_>) -> Markup {
    let all = || chart.lines.iter().flat_map(|line| line.values.iter().map(|(_, value)| *value));
    let top = all().fold(0.0, f64::max);
    let (title, desc) = (format!("{}-title", chart.id), format!("{}-desc", chart.id));
    html! {
        figure.chart {
            figcaption {
                b { (chart.title) }
                @for line in &chart.lines { " " span.key.(line.class) { (line.name) } }
            }
            svg viewBox="0 -10 720 170" role="img" aria-labelledby={ (title) " " (desc) } {
                title id=(title) { (chart.title) }
                desc id=(desc) { (told(chart)) }
                g.grid {
                    line x1="0" x2="720" y1="18" y2="18" {}
                    line x1="0" x2="720" y1="130" y2="130" {}
                    @for (x, _) in ticks(axis) { line x1=(x) x2=(x) y1="18" y2="130" {} }
                }
                g.label {
                    text x="0" y="10" { (if all().next().is_none() { "nothing recorded".into() } else { (chart.text)(top) }) }
                    @for (x, text) in ticks(axis) { text x=(x) y="153" text-anchor="middle" { (text) } }
                }
                @for line in &chart.lines {
                    @for points in segments(axis, &line.values, top) { polyline.(line.class) points=(points) {} }
                }
            }
        }
    }
}

/// What the chart shows, in words.
fn told(chart: &Chart<'_>) -> String {
    let mut text = String::new();
    for line in &chart.lines {
        let top = line.values.iter().map(|(_, value)| *value).reduce(f64::max);
        let last = line.values.last();
        let end = if text.is_empty() { "" } else { " " };
        // Writing to a text cannot fail.
        let _ = match (top, last) {
            (Some(top), Some((_, last))) => {
                write!(
                    text,
                    "{end}{}: at most {}, at last {}.",
                    line.name,
                    (chart.text)(top),
                    (chart.text)(*last)
                )
            }
            _ => write!(text, "{end}{}: nothing.", line.name),
        };
    }
    text
}

/// The points of polylines, a new one after each gap. A step that stands alone is a dot.
fn segments(axis: Axis, values: &[(UnixMs, f64)], top: f64) -> Vec<String> {
    let mut segments: Vec<String> = Vec::new();
    let mut before: Option<UnixMs> = None;
    for (at, value) in values {
        let (x, y) = (across(axis, at.plus(axis.step / 2)), up(*value, top));
        let goes_on = before.is_some_and(|before| at.since(before) <= axis.step);
        // Writing to a text cannot fail.
        let _ = match segments.last_mut().filter(|_| goes_on) {
            Some(points) => write!(points, " {x:.1},{y:.1}"),
            // Twice, because a line of one point is none.
            None => {
                segments.push(String::new());
                segments.last_mut().map_or(Ok(()), |points| write!(points, "{x:.1},{y:.1} {x:.1},{y:.1}"))
            }
        };
        before = Some(*at);
    }
    segments
}

fn across(axis: Axis, at: UnixMs) -> f64 {
    let whole = axis.to.since(axis.from).as_secs_f64().max(1.0);
    (at.since(axis.from).as_secs_f64() / whole * WIDTH).min(WIDTH)
}

fn up(value: f64, top: f64) -> f64 {
    BOTTOM - if top > 0.0 { value / top * (BOTTOM - TOP) } else { 0.0 }
}

/// Where the labels of the time stand, and what they say: the time of day, or the day at midnight. None at the edges, where there is
/// no room for one.
fn ticks(axis: Axis) -> Vec<(String, String)> {
    const EDGE: f64 = 30.0;
    let tick = (axis.tick.as_millis() as u64).max(1);
    let first = axis.from.0.div_ceil(tick).saturating_mul(tick);
    let moments =
        std::iter::successors(Some(first), |at| at.checked_add(tick)).take_while(|at| *at < axis.to.0);
    let mut ticks = Vec::new();
    for at in moments.take(TICKS_MAX) {
        let x = across(axis, UnixMs(at));
        let Some(Parts { day, time }) = parts(at) else { continue };
        if (EDGE..=WIDTH - EDGE).contains(&x) {
            ticks.push((format!("{x:.1}"), if time == "00:00" { day } else { time }));
        }
    }
    ticks
}

/// More labels have no room.
const TICKS_MAX: usize = 16;

// The drawing's own numbers stand in the markup, too.
const _: () = assert!(WIDTH == 720.0 && TOP == 18.0 && BOTTOM == 130.0);

#[cfg(test)]
mod tests;
