//! What runs and what ended lately, as tables: on the page of the workers, and on that of a job type.

use maud::{Markup, html};
use wasmill_job::{JobType, UnixMs};
use wasmill_queue::Queue;

use super::part::bytes::visible;
use super::part::moment::moment;
use super::part::number::{count, micros, span};
use super::part::table::{Head, badge, table};
use super::visit::Visit;
use crate::attempts::{AttemptList, lately};
use crate::router::Console;
use crate::workers::{RunningRow, WorkerList, WorkerRow, reports};

/// What is shown of one job type.
const RUNNING_ROWS: usize = 10;
const ENDED_ROWS: usize = 10;

const RUNNING_HEADS: [Head; 5] =
    [("Job", false), ("Type", false), ("Version", false), ("Attempt", true), ("For", true)];
const ENDED_HEADS: [Head; 7] = [
    ("Ended", false),
    ("Type", false),
    ("Job", false),
    ("Attempt", true),
    ("Version", false),
    ("Result", false),
    ("Ran for", true),
];

/// What of one job type runs now and ended lately. Where the queue does not say, the page says that, and is a page all the same.
pub(super) async fn lately_of<L, Q: Queue>(console: &Console<L, Q>, visit: &Visit, name: &JobType) -> Markup {
    let now = console.clock.now();
    let found = reports(console).await;
    html! {
        section aria-labelledby="lately" {
            h2 #lately { "Runs now, ended lately" }
            @match &found {
                Err(_) => p.quiet { "The queue does not say what workers run." },
                Ok(reports) => {
                    @let workers = WorkerList::of(reports, visit.caller.scope()).workers;
                    (running(&workers, |row| row.r#type == name.as_str(), RUNNING_ROWS, visit.may.operate, now))
                    (ended(&lately(reports, visit.caller.scope(), Some(name), ENDED_ROWS), visit.may.operate, now))
                    p { a href="/console/workers" { "All workers" } }
                }
            }
        }
    }
}

/// What of this kind runs now, over all workers, the longest first.
pub(super) fn running(
    workers: &[WorkerRow],
    is_shown: impl Fn(&RunningRow) -> bool,
    rows_max: usize,
    may_look: bool,
    now: UnixMs,
) -> Markup {
    let mut all: Vec<_> =
        workers.iter().flat_map(|worker| &worker.running).filter(|row| is_shown(row)).collect();
    all.sort_by_key(|row| row.since_ms);
    if all.is_empty() {
        return html! { p.quiet { "Nothing." } };
    }
    let rows = html! {
        @for row in all.iter().take(rows_max) {
            tr {
                th scope="row" { (job(&row.r#type, &row.id, may_look)) }
                td { a href={ "/console/types/" (row.r#type) } { (row.r#type) } }
                td { (row.module) }
                td.n { (row.attempt) }
                td.n { (span(now.since(UnixMs(row.since_ms)).as_millis() as u64)) }
            }
        }
    };
    html! {
        (table("Attempts that run, the longest first", &RUNNING_HEADS, rows))
        @if all.len() > rows_max { p { "And " (count((all.len() - rows_max) as u64)) " more." } }
    }
}

/// What ended, the newest first.
pub(super) fn ended(found: &AttemptList, may_look: bool, now: UnixMs) -> Markup {
    if found.attempts.is_empty() {
        return html! { p.quiet { "No attempt ended lately, as far as workers that are here now tell." } };
    }
    let rows = html! {
        @for row in found.attempts.iter().rev() {
            tr {
                td { (moment(now, row.at_ms)) }
                td { a href={ "/console/types/" (row.r#type) } { (row.r#type) } }
                th scope="row" { (job(&row.r#type, &row.id, may_look)) }
                td.n { (row.attempt) }
                td { (row.module.as_deref().unwrap_or("–")) }
                td { (badge(&visible(&row.result))) }
                td.n { (micros(row.run_us)) }
            }
        }
    };
    table("Attempts that ended, the newest first", &ENDED_HEADS, rows)
}

fn job(job_type: &str, id: &str, may_look: bool) -> Markup {
    html! {
        @if may_look { a href={ "/console/jobs/" (job_type) "/" (id) } { code { (id) } } }
        @else { code { (id) } }
    }
}
