//! `GET /console/queues`: queues and their lanes: what is in the log, what relays have carried, what is settled; and parked jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use wasmill_catalog::Catalog;
use wasmill_job::{QueueName, Topic};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::overview::old_numbers;
use super::part::help::{command, next_step};
use super::part::number::count;
use super::part::table::{Head, table};
use super::shell::Section;
use super::visit::Visit;
use crate::catalog_view::CatalogAnswer;
use crate::lanes::LaneRow;
use crate::live::Snapshot;
use crate::router::Console;
use crate::scope::seen;

/// Lanes that are shown, those with the most that waits first.
const LANES_MAX: usize = 200;

const LANE_HEADS: [Head; 6] = [
    ("Lane", false),
    ("In the log", true),
    ("Carried", true),
    ("Settled below", true),
    ("Behind", true),
    ("Unsettled", true),
];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
) -> Response {
    let snapshot = console.live.fresh(visit.caller.scope()).await;
    let catalog = console.catalog.current();
    let catalog = seen(&catalog, &visit.caller);
    let body = html! {
        (old_numbers(&snapshot, console.clock.now()))
        (queues(&catalog))
        (draining(&catalog, &snapshot))
        @if snapshot.has_log { (lanes(&snapshot.lanes)) } @else {
            p.notice { "There is no log here: jobs stand in the queue itself, and no relay carries them." }
        }
    };
    visit.page(Section::Queues, "Queues and relays", Ok(body))
}

fn queues(catalog: &Catalog) -> Markup {
    if catalog.queues.is_empty() {
        return next_step("There are no queues. The first job type makes one:", &["wasmill apply mill.toml"]);
    }
    let mut users: BTreeMap<&QueueName, u64> = BTreeMap::new();
    catalog.types.values().for_each(|spec| *users.entry(&spec.queue).or_default() += 1);
    let users: BTreeMap<_, _> = users.into_iter().map(|(name, count)| (name.as_str(), count)).collect();
    let shown = CatalogAnswer::of(catalog);
    let rows = html! {
        @for queue in &shown.queues {
            tr {
                th scope="row" { (queue.name) }
                td.n { (queue.partitions) }
                td.n { (queue.generation) }
                td { (queue.redis) }
                td { (queue.durability) }
                td.n { (count(users.get(queue.name.as_str()).copied().unwrap_or_default())) }
            }
        }
    };
    let heads = [
        ("Queue", false),
        ("Partitions", true),
        ("Generation", true),
        ("Redis", false),
        ("Durability", false),
        ("Job types", true),
    ];
    table("Queues", &heads, rows)
}

/// The older generations, and how to see what each of them still holds: that is counted when it is asked for, not for a page.
fn draining(catalog: &Catalog, snapshot: &Snapshot) -> Markup {
    let old = catalog.queues.iter().flat_map(|(name, spec)| spec.draining.iter().map(move |of| (name, of)));
    let old: Vec<_> = old.collect();
    let Some((first, _)) = old.first() else { return html! {} };
    let unsettled = |topic: &Topic| -> u64 {
        snapshot.lanes.iter().filter(|lane| lane.topic == topic.as_str()).map(|lane| lane.unsettled).sum()
    };
    let rows = html! {
        @for (name, of) in &old {
            tr {
                th scope="row" { (name) }
                td.n { (of.generation) }
                td.n { (of.partitions) }
                td { (of.redis) }
                td.n { @if snapshot.has_log { (count(unsettled(&of.topic(name)))) } @else { "–" } }
            }
        }
    };
    let heads =
        [("Queue", false), ("Generation", true), ("Partitions", true), ("Redis", false), ("Unsettled", true)];
    html! {
        section aria-labelledby="draining" {
            h2 #draining { "Draining" }
            p.quiet { "No new jobs go to these generations; those of before are carried and run. What each still holds, in the log, in the \
                       queue and parked, and when it can go:" }
            (command("queues-show", &format!("wasmill queues show {first}")))
            (table("Generations that drain", &heads, rows))
        }
    }
}

fn lanes(lanes: &[LaneRow]) -> Markup {
    let mut sorted: Vec<_> = lanes.iter().collect();
    sorted.sort_by_key(|lane| (std::cmp::Reverse(lane.unsettled), &lane.topic, lane.partition));
    let rows = html! {
        @for lane in sorted.iter().take(LANES_MAX) {
            tr {
                th scope="row" {
                    (lane.topic) "/" (lane.partition)
                    @if let Some(name) = Topic::from(lane.topic.as_str()).parked_type() {
                        " " a href={ "/console/jobs?state=parked&type=" (name) } { "parked" }
                    }
                }
                td.n { (count(lane.next)) }
                td.n { @match lane.wanted { Some(wanted) => (count(wanted)), None => "not begun" } }
                td.n { (count(lane.floor)) }
                td.n { (count(lane.lag)) }
                td.n { (count(lane.unsettled)) }
            }
        }
    };
    html! {
        @if lanes.is_empty() { p.quiet { "The log has no topics yet: they come with the first job." } }
        @else { (table("Lanes: how far each partition of the log is on its way", &LANE_HEADS, rows)) }
        @if lanes.len() > LANES_MAX {
            p { "The " (LANES_MAX) " with the most that is unsettled, of " (count(lanes.len() as u64)) ". "
                code { "GET /v1/lanes" } " lists all." }
        }
    }
}
