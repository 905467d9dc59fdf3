//! `GET /console/workers`: which workers there are and how they do, what they run, and what ended lately. Where there is a script
//! each part is asked for anew with each snapshot, so it stands in an element of its own on every such page, perhaps empty.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use wasmill_http::Problem;
use wasmill_job::UnixMs;
use wasmill_log::Log;
use wasmill_queue::{Queue, WorkerReport};

use super::lately::{ended, running};
use super::part::bytes::visible;
use super::part::help::next_step;
use super::part::moment::exact;
use super::part::number::{count, span};
use super::part::table::{Head, badge, table};
use super::shell::Section;
use super::visit::Visit;
use crate::attempts::lately;
use crate::router::Console;
use crate::workers::{WorkerList, WorkerRow, reports};

/// Workers that are shown.
const WORKERS_MAX: usize = 100;
/// Attempts that run, and that ended, that are shown.
const RUNNING_ROWS: usize = 100;
const ENDED_ROWS: usize = 50;
/// A worker that has not told for so long is called silent. Clocks of machines may differ by some of that.
const SILENT_MS: u64 = 3_000;

const HEADS: [Head; 8] = [
    ("Worker", false),
    ("State", false),
    ("Runs", true),
    ("Slots", true),
    ("Held", true),
    ("Revision", false),
    ("Version", false),
    ("Up for", false),
];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
) -> Response {
    let body = body(&console, &visit).await;
    visit.page(Section::Workers, "Workers", body)
}

async fn body<L: Log, Q: Queue>(console: &Console<L, Q>, visit: &Visit) -> Result<Markup, Problem> {
    let reports = reports(console).await?;
    let now = console.clock.now();
    let is_any = !reports.is_empty();
    Ok(html! {
        div data-fresh="workers" {
            p.quiet { "As of " (exact(now.0)) "." }
            @if is_any { (workers(&reports, visit, now, console.catalog.current().revision.0)) } @else { (none(visit)) }
        }
        div data-fresh="running" { @if is_any { (runs_now(&reports, visit, now)) } }
        div data-fresh="ended" { @if is_any { (ended_lately(&reports, visit, now)) } }
    })
}

fn none(visit: &Visit) -> Markup {
    next_step(
        "No worker tells of itself here, so nothing runs. Start one; in a mill of one process it is part of that, and \
         /readyz says what it waits for.",
        &["wasmill worker", &visit.curl("", "/readyz")],
    )
}

fn workers(reports: &[WorkerReport], visit: &Visit, now: UnixMs, in_force: u64) -> Markup {
    let all = WorkerList::of(reports, visit.caller.scope()).workers;
    let rows = html! {
        @for worker in all.iter().take(WORKERS_MAX) {
            tr {
                th scope="row" title=(worker.worker) { bdi { (visible(&worker.host)) } ":" (worker.pid) }
                td { (state(worker, now)) }
                td.n { (count(worker.running.len() as u64 + u64::from(worker.running_more))) }
                td.n { (count(worker.slots.into())) }
                td.n { (count(worker.held.into())) }
                td {
                    (worker.revision)
                    @if worker.revision < in_force { " " span.badge.warn { "behind " (in_force) } }
                }
                td { bdi { (visible(&worker.version)) } }
                td { (span(now.since(UnixMs(worker.started_at_ms)).as_millis() as u64)) }
            }
        }
    };
    html! {
        (table("Workers", &HEADS, rows))
        @if all.len() > WORKERS_MAX {
            p { "The first " (WORKERS_MAX) " of " (count(all.len() as u64)) ". " code { "GET /v1/workers" } " lists all." }
        }
    }
}

fn state(worker: &WorkerRow, now: UnixMs) -> Markup {
    let silent_ms = now.since(UnixMs(worker.told_at_ms)).as_millis() as u64;
    html! {
        @if worker.draining { (badge("draining")) } @else if silent_ms < SILENT_MS { (badge("working")) }
        @if silent_ms >= SILENT_MS { " " span.badge.bad { "silent for " (span(silent_ms)) } }
    }
}

fn runs_now(reports: &[WorkerReport], visit: &Visit, now: UnixMs) -> Markup {
    let all = WorkerList::of(reports, visit.caller.scope()).workers;
    let unnamed: u64 = all.iter().map(|worker| u64::from(worker.running_more)).sum();
    html! {
        section aria-labelledby="running" {
            h2 #running { "Runs now" }
            (running(&all, |_| true, RUNNING_ROWS, visit.may.operate, now))
            @if unnamed > 0 { p { (count(unnamed)) " more run that are not named here." } }
        }
    }
}

fn ended_lately(reports: &[WorkerReport], visit: &Visit, now: UnixMs) -> Markup {
    let found = lately(reports, visit.caller.scope(), None, ENDED_ROWS);
    html! {
        section aria-labelledby="ended" {
            h2 #ended { "Ended lately" }
            (ended(&found, visit.may.operate, now))
        }
    }
}
