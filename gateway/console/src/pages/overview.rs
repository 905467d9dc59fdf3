//! `GET /console`: how the mill stands, and what needs attention.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use wasmill_catalog::Catalog;
use wasmill_http::{Kind, Problem};
use wasmill_job::UnixMs;
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::charts::{Ranged, charts};
use super::part::bytes::visible;
use super::part::help::next_step;
use super::part::moment::moment;
use super::part::number::{count, span};
use super::part::pipeline::pipeline;
use super::shell::Section;
use super::visit::Visit;
use crate::live::{Snapshot, has_work, mark, told};
use crate::router::Console;
use crate::scope::seen;

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    ranged: Result<Query<Ranged>, QueryRejection>,
) -> Response {
    let ranged = match ranged {
        Ok(Query(ranged)) => ranged,
        Err(error) => {
            let problem = Problem::new(Kind::InvalidField, error.body_text());
            return visit.page(Section::Overview, "Overview", Err(problem));
        }
    };
    let snapshot = console.live.fresh(visit.caller.scope()).await;
    let catalog = console.catalog.current();
    let catalog = seen(&catalog, &visit.caller);
    let now = console.clock.now();
    let charts = if visit.caller.scope().is_whole() {
        charts(&console, None, "/console", ranged.range).await
    } else {
        // They are of all job types together.
        html! { p.quiet { "What happened in the last hours and days stands on the page of each of your job types." } }
    };
    let body = html! {
        (fresh("steps", &snapshot, html! {
            (old_numbers(&snapshot, now))
            (first_steps(&catalog, &snapshot, &visit, console.takes_jobs_in))
        }))
        section aria-labelledby="pipeline" {
            h2 #pipeline { "Pipeline" }
            (pipeline(&snapshot))
        }
        (fresh("attention", &snapshot, attention(&snapshot)))
        (charts)
        section aria-labelledby="mill" {
            h2 #mill { "Mill" }
            dl.facts {
                dt { "Catalog" }
                dd {
                    a href={ "/console/history/" (catalog.revision) } { "revision " (catalog.revision) }
                    @if catalog.created_at.0 > 0 { ", " (moment(now, catalog.created_at.0)) }
                    @if let Some(author) = &catalog.author { " by " (author) }
                    @if !catalog.message.is_empty() { ": " bdi { (visible(&catalog.message)) } }
                }
                dt { "Job types" }
                dd { a href="/console/types" { (count(catalog.types.len() as u64)) } }
                dt { "Queues" }
                dd { a href="/console/queues" { (count(catalog.queues.len() as u64)) } }
                dt { "This process" }
                dd { "up for " (span(now.since(console.started_at).as_millis() as u64)) }
            }
        }
    };
    visit.page(Section::Overview, "Overview", Ok(body))
}

/// A part that the script asks for anew when what it says is no longer so.
fn fresh(name: &str, snapshot: &Snapshot, part: Markup) -> Markup {
    html! { div data-fresh=(name) data-mark=(mark(snapshot)) aria-live="polite" { (part) } }
}

/// Says when the numbers of a page are not those of now, and why.
pub(super) fn old_numbers(snapshot: &Snapshot, now: UnixMs) -> Markup {
    html! {
        @if let Some(trouble) = &snapshot.trouble {
            section.notice.bad role="alert" {
                p {
                    (trouble) " "
                    @if snapshot.at.0 > 0 { "They were taken " (moment(now, snapshot.at.0)) "." }
                    @else { "There are no numbers yet." }
                    " Jobs are accepted all the same where there is a log."
                }
            }
        } @else if snapshot.at.0 == 0 {
            section.notice role="status" { p { "The first look at the queue is not done; reload in a moment." } }
        }
    }
}

fn attention(snapshot: &Snapshot) -> Markup {
    let (told, more) = told(&snapshot.notices);
    html! {
        section aria-labelledby="attention" {
            h2 #attention { "What needs attention" }
            @if told.is_empty() {
                p.quiet { "Nothing." }
            } @else {
                ul.notices {
                    @for notice in told {
                        li class={ "w-" (format!("{:?}", notice.weight).to_lowercase()) } {
                            bdi { (notice.text) } " " a href=(notice.link) { "Look" }
                        }
                    }
                }
                @if more > 0 { p { "And " (count(more as u64)) " more." } }
            }
        }
    }
}

/// What to do on a mill that does nothing yet.
fn first_steps(catalog: &Catalog, snapshot: &Snapshot, visit: &Visit, takes_jobs_in: bool) -> Markup {
    if catalog.types.is_empty() {
        return next_step(
            "There are no job types yet. Build a handler and deploy it; a route makes it run.",
            &[
                "wasmill new hello --lang rust",
                "wasmill deploy hello.wasm --name hello@1.0.0",
                "wasmill apply mill.toml",
            ],
        );
    }
    let any = has_work(snapshot);
    match catalog.types.keys().next() {
        Some(name) if !any && snapshot.at.0 > 0 => {
            let enqueue = format!("echo '{{\"name\":\"world\"}}' | wasmill enqueue {name} --payload -");
            if !takes_jobs_in {
                return next_step("No job has come yet. Send one to a gateway:", &[&enqueue]);
            }
            let body = format!("--json '{{\"type\":\"{name}\",\"payload\":{{\"name\":\"world\"}}}}' ");
            next_step("No job has come yet. Send one:", &[&enqueue, &visit.curl(&body, "/v1/jobs")])
        }
        _ => html! {},
    }
}
