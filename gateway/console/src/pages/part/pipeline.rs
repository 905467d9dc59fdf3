//! The pipeline: how jobs go from the gateway to the sandbox, with what passes and what waits at each hop.

use maud::{Markup, html};

use super::number::{count, micros, rate};
use super::spark::{points, rates, spark};
use crate::live::{Flow, Percentiles, Snapshot, Sum};

/// A place on the way of a job.
pub(crate) struct Hop {
    pub(crate) name: &'static str,
    link: &'static str,
    pub(crate) values: Vec<Value>,
    /// The line that is drawn below: its key, what it shows, and its colour.
    line: Option<(&'static str, &'static str, &'static str)>,
}

/// A number at a hop.
pub(crate) struct Value {
    pub(crate) key: &'static str,
    pub(crate) text: String,
    unit: &'static str,
    /// What it and those after it are about, where their units do not say.
    head: Option<&'static str>,
}

const ACCEPTED: &str = "line.accepted";
const COMPLETED: &str = "line.completed";
const FAILED: &str = "line.failed";

/// The hops in the order in which jobs pass them. Without a log there is none, and no relay.
pub(crate) fn hops(snapshot: &Snapshot) -> Vec<Hop> {
    let flow = snapshot.flows.values().fold(Flow::default(), |sum, flow| sum.plus(*flow));
    let sum = Sum::of(snapshot.counts.values());
    let is_parked = |topic: &str| wasmill_job::Topic::from(topic).parked_type().is_some();
    let (mut unsettled, mut lag, mut parked) = (0, 0, 0);
    for lane in snapshot.lanes.iter() {
        unsettled += lane.unsettled;
        if is_parked(&lane.topic) { parked += lane.unsettled } else { lag += lane.lag }
    }
    let value = |key, text, unit| Value { key, text, unit, head: None };
    let times = snapshot.series.times().mill();
    let time = |of: Option<Percentiles>, which: fn(Percentiles) -> u64| {
        of.map_or_else(|| "–".to_owned(), |of| micros(which(of)))
    };
    let gateway = Hop {
        name: "Gateway",
        link: "/console/types",
        values: vec![value("gateway.accepted", rate(flow.accepted, snapshot.over), "accepted/s")],
        line: Some((ACCEPTED, "accepted", "plain")),
    };
    let log = Hop {
        name: "Log",
        link: "/console/queues",
        values: vec![value("log.unsettled", count(unsettled), "unsettled")],
        line: None,
    };
    let relay = Hop {
        name: "Relay",
        link: "/console/queues",
        values: vec![
            value("relay.lag", count(lag), "behind"),
            value("relay.parked", count(parked), "parked"),
        ],
        line: None,
    };
    let rest = [
        Hop {
            name: "Queue",
            link: "/console/jobs?state=pending",
            values: vec![
                value("queue.pending", count(sum.pending), "pending"),
                value("queue.scheduled", count(sum.scheduled), "scheduled"),
                Value { head: Some("wait"), ..value("queue.wait.p50", time(times.wait, |of| of.p50), "p50") },
                value("queue.wait.p95", time(times.wait, |of| of.p95), "p95"),
                value("queue.wait.p99", time(times.wait, |of| of.p99), "p99"),
            ],
            line: None,
        },
        Hop {
            name: "Worker",
            link: "/console/jobs?state=in_flight",
            values: vec![value("worker.in_flight", count(sum.in_flight), "in flight")],
            line: None,
        },
        Hop {
            name: "Sandbox",
            link: "/console/jobs?state=completed",
            values: vec![
                value("sandbox.completed", rate(flow.completed, snapshot.over), "completed/s"),
                value("sandbox.failed", rate(flow.failed, snapshot.over), "failed/s"),
                Value { head: Some("run"), ..value("sandbox.run.p50", time(times.run, |of| of.p50), "p50") },
                value("sandbox.run.p95", time(times.run, |of| of.p95), "p95"),
                value("sandbox.run.p99", time(times.run, |of| of.p99), "p99"),
            ],
            line: Some((COMPLETED, "completed", "good")),
        },
        Hop {
            name: "Dead letters",
            link: "/console/dead",
            values: vec![value("dead.count", count(sum.dead), "waiting")],
            line: Some((FAILED, "failed", "bad")),
        },
    ];
    let carried = if snapshot.has_log { vec![log, relay] } else { Vec::new() };
    [vec![gateway], carried, rest.into()].into_iter().flatten().collect()
}

/// The lines of the mill: key and points.
pub(crate) fn lines(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let lines = [ACCEPTED, COMPLETED, FAILED];
    lines.map(|key| (key, points(&line(snapshot, key)))).into()
}

fn line(snapshot: &Snapshot, key: &str) -> Vec<f64> {
    let buckets = snapshot.series.mill();
    match key {
        ACCEPTED => rates(buckets, |bucket| bucket.flow.accepted),
        COMPLETED => rates(buckets, |bucket| bucket.flow.completed),
        _ => rates(buckets, |bucket| bucket.flow.failed),
    }
}

/// The drawing.
pub(crate) fn pipeline(snapshot: &Snapshot) -> Markup {
    html! {
        ol.pipeline aria-label="The way of a job, with what passes and what waits" {
            @for (index, hop) in hops(snapshot).into_iter().enumerate() {
                li {
                    @if index > 0 { (arrow()) }
                    div.hop {
                        a.name href=(hop.link) { (hop.name) }
                        @for value in &hop.values {
                            @if let Some(head) = value.head { p.head { (head) } }
                            p { b data-live=(value.key) { (value.text) } " " span.unit { (value.unit) } }
                        }
                        @if let Some((key, what, class)) = hop.line {
                            (spark(Some(key), what, &line(snapshot, key), class))
                        }
                    }
                }
            }
        }
    }
}

fn arrow() -> Markup {
    html! { svg.arrow viewBox="0 0 20 10" aria-hidden="true" { path d="M0 5h16M12 1l5 4-5 4" {} } }
}
