//! What happened in the last hours and days, as charts: on the overview of the whole mill, on the page of a job type of it.

use std::time::Duration;

use maud::{Markup, html};
use serde::Deserialize;
use wasmill_job::JobType;

use super::part::chart::{Axis, Chart, Line, chart};
use super::part::moment::exact;
use super::part::number::{count, micros};
use super::part::table::{Head, table};
use crate::history::{Span, Step};
use crate::live::Percentiles;
use crate::router::Console;

/// How long back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Range {
    #[default]
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
}

/// The query of a page with charts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ranged {
    #[serde(default)]
    pub(super) range: Range,
}

/// So many steps are drawn at most: a page stays small.
const POINTS_MAX: u64 = 240;

const HEADS: [Head; 8] = [
    ("From", false),
    ("Accepted", true),
    ("Completed", true),
    ("Failed", true),
    ("Pending", true),
    ("Wait p50", true),
    ("Wait p99", true),
    ("Run p99", true),
];

impl Range {
    const ALL: [Self; 4] = [Self::Hour, Self::SixHours, Self::Day, Self::Week];

    /// As it stands in addresses, in words, in minutes, and between two labels in minutes.
    fn row(self) -> (&'static str, &'static str, u64, u64) {
        match self {
            Self::Hour => ("1h", "1 hour", 60, 10),
            Self::SixHours => ("6h", "6 hours", 6 * 60, 60),
            Self::Day => ("24h", "24 hours", 24 * 60, 4 * 60),
            Self::Week => ("7d", "7 days", 7 * 24 * 60, 24 * 60),
        }
    }
}

/// The charts of a type, or of the mill. `address` is that of the page.
pub(super) async fn charts<L, Q>(
    console: &Console<L, Q>,
    name: Option<&JobType>,
    address: &str,
    range: Range,
) -> Markup {
    let (.., minutes, tick) = range.row();
    let span = Span::until(console.clock.now(), minutes, POINTS_MAX);
    let found = console.history.steps(name, span).await;
    let axis = Axis {
        from: span.from.begins(),
        to: span.to.begins(),
        step: Duration::from_secs(span.step * 60),
        tick: Duration::from_secs(tick * 60),
    };
    html! {
        section aria-labelledby="lately" {
            h2 #lately { "Lately" }
            p.ranges {
                @for one in Range::ALL {
                    @let (key, text, ..) = one.row();
                    a href={ (address) "?range=" (key) "#lately" } aria-current=[(one == range).then_some("true")] { (text) }
                    " "
                }
                span.quiet { "Times are UTC." }
            }
            @match found {
                Ok(steps) => (drawn(axis, &steps)),
                Err(sentence) => p.notice { (sentence) },
            }
        }
    }
}

fn drawn(axis: Axis, steps: &[Step]) -> Markup {
    fn line<'l>(
        steps: &[Step],
        (name, class): (&'l str, &'static str),
        of: impl Fn(&Step) -> Option<f64>,
    ) -> Line<'l> {
        let values = steps.iter().filter_map(|step| Some((step.at, of(step)?))).collect();
        Line { name, class, values }
    }
    let us = |of: Option<Percentiles>, which: fn(&Percentiles) -> u64| of.map(|of| which(&of) as f64);
    let throughput = Chart {
        id: "chart-throughput",
        title: "Throughput",
        text: |value| format!("{} a minute", a_minute(value)),
        lines: vec![
            line(steps, ("completed", "good"), |step| Some(rate(step.flow.completed, step))),
            line(steps, ("failed", "bad"), |step| Some(rate(step.flow.failed, step))),
        ],
    };
    let times = Chart {
        id: "chart-times",
        title: "Wait and run",
        text: |value| micros(value as u64),
        lines: vec![
            line(steps, ("wait p50", "soft"), |step| us(step.times.wait, |of| of.p50)),
            line(steps, ("wait p99", "plain"), |step| us(step.times.wait, |of| of.p99)),
            line(steps, ("run p99", "warn"), |step| us(step.times.run, |of| of.p99)),
        ],
    };
    let pending = Chart {
        id: "chart-pending",
        title: "Pending",
        text: |value| format!("{} jobs", count(value as u64)),
        lines: vec![line(steps, ("pending", "plain"), |step| Some(step.pending as f64))],
    };
    html! {
        div.history { (chart(axis, &throughput)) (chart(axis, &times)) (chart(axis, &pending)) }
        details {
            summary { "The same as a table" }
            (table("What happened", &HEADS, rows(steps)))
        }
    }
}

fn rows(steps: &[Step]) -> Markup {
    let time = |of: Option<Percentiles>, which: fn(&Percentiles) -> u64| {
        of.map_or_else(|| "–".to_owned(), |of| micros(which(&of)))
    };
    html! {
        @for step in steps {
            tr {
                th scope="row" { (exact(step.at.0)) }
                td.n { (count(step.flow.accepted)) }
                td.n { (count(step.flow.completed)) }
                td.n { (count(step.flow.failed)) }
                td.n { (count(step.pending)) }
                td.n { (time(step.times.wait, |of| of.p50)) }
                td.n { (time(step.times.wait, |of| of.p99)) }
                td.n { (time(step.times.run, |of| of.p99)) }
            }
        }
    }
}

/// So many in a minute of those that were recorded.
fn rate(number: u64, step: &Step) -> f64 {
    number as f64 / f64::from(step.minutes.max(1))
}

fn a_minute(rate: f64) -> String {
    if rate >= 10.0 || rate.fract() < f64::EPSILON {
        count(rate.round() as u64)
    } else {
        format!("{rate:.1}")
    }
}
