//! `GET /console/queues`: queues and their lanes: what is in the log, what relays have carried, what is settled; and parked jobs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use tokio::time::timeout;
use wasmill_catalog::Catalog;
use wasmill_job::{QueueName, Topic, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::overview::old_numbers;
use super::part::help::{command, next_step};
use super::part::moment::moment;
use super::part::number::{count, size, span};
use super::part::table::{Head, badge, table};
use super::shell::Section;
use super::visit::Visit;
use crate::catalog_view::CatalogAnswer;
use crate::lanes::{LaneRow, find_ages};
use crate::live::Snapshot;
use crate::memory::{FULL_PERCENT, ServerMemory, servers};
use crate::router::{Console, Storage};
use crate::scope::seen;

/// Lanes that are shown, those with the most that waits first.
const LANES_MAX: usize = 200;

const LANE_HEADS: [Head; 7] = [
    ("Lane", false),
    ("In the log", true),
    ("Carried", true),
    ("Settled below", true),
    ("Behind", true),
    ("Unsettled", true),
    ("Oldest of those", false),
];

/// How long the page waits for the queue's servers to tell their memory.
const MEMORY_WITHIN: Duration = Duration::from_secs(1);

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
) -> Response {
    let snapshot = console.live.fresh(visit.caller.scope()).await;
    let catalog = console.catalog.current();
    let catalog = seen(&catalog, &visit.caller);
    let now = console.clock.now();
    let mut shown = unsettled_first(&snapshot.lanes);
    if let Storage::Log(log) = &console.storage {
        find_ages(log, &mut shown).await;
    }
    let memory = match visit.caller.scope().is_whole() {
        true => timeout(MEMORY_WITHIN, console.queue.memory()).await.ok().and_then(Result::ok),
        false => Some(Vec::new()),
    };
    let body = html! {
        (old_numbers(&snapshot, now))
        (queues(&catalog))
        (draining(&catalog, &snapshot))
        (servers_memory(memory.map(servers)))
        @if snapshot.has_log { (lanes(&shown, snapshot.lanes.len(), now)) } @else {
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

/// How full the queue's servers are; nothing where it lies on a disk.
fn servers_memory(servers: Option<Vec<ServerMemory>>) -> Markup {
    let Some(servers) = servers else {
        return html! { p.notice.bad role="alert" { "Redis does not tell its memory: it does not answer." } };
    };
    if servers.is_empty() {
        return html! {};
    }
    let rows = html! {
        @for of in servers.iter().filter(|of| of.away) {
            tr {
                th scope="row" { (of.server) }
                td.n { (count(of.shards.len() as u64)) }
                td.n { "–" }
                td.n { "–" }
                td {}
                td { (badge("away")) " it does not answer, and the jobs that it holds wait" }
            }
        }
        @for of in servers.iter().filter(|of| !of.away) {
            tr {
                th scope="row" { (of.server) }
                td.n { (count(of.shards.len() as u64)) }
                td.n { (size(of.used_bytes)) }
                td.n { @match of.max_bytes { Some(max) => (size(max)), None => "no limit" } }
                td {
                    @if let Some(max) = of.max_bytes.filter(|max| *max > 0) {
                        @let percent = (of.used_bytes.saturating_mul(100) / max).min(100);
                        meter min="0" max="100" high=(FULL_PERCENT) value=(percent) aria-label={ "memory of " (of.server) } { (percent) " %" }
                        " " (percent) " %"
                    }
                }
                td { @if of.full { (badge("full")) " new jobs wait in the log, or are refused" } @else { "takes jobs" } }
            }
        }
    };
    let heads = [
        ("Redis", false),
        ("Shards", true),
        ("Used", true),
        ("May use", true),
        ("Full", false),
        ("State", false),
    ];
    html! {
        (table("Memory of the queue's servers", &heads, rows))
        p.quiet { "Above three quarters no new jobs are pushed, until a twentieth has become free." }
    }
}

/// The lanes that are shown: those with the most that waits, first.
fn unsettled_first(lanes: &[LaneRow]) -> Vec<LaneRow> {
    let mut sorted: Vec<_> = lanes.iter().collect();
    sorted.sort_by_key(|lane| (Reverse(lane.unsettled), &lane.topic, lane.partition));
    sorted.into_iter().take(LANES_MAX).cloned().collect()
}

fn lanes(lanes: &[LaneRow], of: usize, now: UnixMs) -> Markup {
    let rows = html! {
        @for lane in lanes {
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
                td { (oldest(lane, now)) }
            }
        }
    };
    html! {
        @if lanes.is_empty() { p.quiet { "The log has no topics yet: they come with the first job." } }
        @else { (table("Lanes: how far each partition of the log is on its way", &LANE_HEADS, rows)) }
        @if of > lanes.len() {
            p { "The " (lanes.len()) " with the most that is unsettled, of " (count(of as u64)) ". "
                code { "GET /v1/lanes" } " lists all." }
        }
    }
}

/// How old the oldest unsettled record is; marked when it is past half of the time for which the log keeps it.
fn oldest(lane: &LaneRow, now: UnixMs) -> Markup {
    let Some(at_ms) = lane.oldest_at_ms else {
        return html! { @if lane.unsettled > 0 { "not known" } @else { "–" } };
    };
    let age_ms = now.0.saturating_sub(at_ms);
    html! {
        (moment(now, at_ms))
        @if let Some(kept_ms) = lane.retention_ms {
            span.quiet { ", kept for " (span(kept_ms)) }
            @if age_ms > kept_ms / 2 { " " (badge("old")) }
        }
    }
}
