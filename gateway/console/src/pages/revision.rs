//! `GET /console/history/{revision}`: what a revision changed, and what going back to it would change.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use wasmill_catalog::{Catalog, diff, export};
use wasmill_http::{Kind, Problem};
use wasmill_job::Revision;
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::bytes::visible;
use super::part::changes::changes;
use super::part::form::button;
use super::part::moment::{exact, moment};
use super::part::number::count;
use super::shell::Section;
use super::visit::Visit;
use crate::catalog_view::ChangeRow;
use crate::revisions::plan_back;
use crate::router::Console;
use crate::scope::{seen, seen_changes};

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    path: Result<Path<u64>, PathRejection>,
) -> Response {
    match path {
        Ok(Path(number)) => {
            let body = body(&console, &visit, Revision(number)).await;
            visit.page(Section::History, &format!("Revision {number}"), body)
        }
        Err(error) => {
            let problem = Problem::new(Kind::InvalidField, error.body_text());
            visit.page(Section::History, "History", Err(problem))
        }
    }
}

/// `GET /console/history/{revision}/file`: the revision as a catalog file.
pub(super) async fn file<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    path: Result<Path<u64>, PathRejection>,
) -> Response {
    let read = async {
        let Path(number) = path.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
        console.catalog_at(Revision(number)).await
    };
    match read.await {
        Ok(catalog) => {
            let name = format!("attachment; filename=\"revision-{}.toml\"", catalog.revision);
            let headers = [(CONTENT_TYPE, "application/toml".to_owned()), (CONTENT_DISPOSITION, name)];
            (headers, export(&seen(&catalog, &visit.caller))).into_response()
        }
        Err(problem) => visit.page(Section::History, "History", Err(problem)),
    }
}

async fn body<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    number: Revision,
) -> Result<Markup, Problem> {
    let catalog = console.catalog_at(number).await?;
    let changed = match number.0 {
        0 => Vec::new(),
        after => match console.catalog_at(Revision(after - 1)).await {
            Ok(before) => seen_changes(diff(&before, &catalog), &visit.caller),
            // The one before may be damaged: this one is shown all the same.
            Err(_) => Vec::new(),
        },
    };
    let now = console.clock.now();
    Ok(html! {
        (facts(&seen(&catalog, &visit.caller)))
        p {
            "Made " (moment(now, catalog.created_at.0)) ". "
            a href={ "/console/history/" (number) "/file" } download={ "revision-" (number) ".toml" } { "As a catalog file" }
        }
        section aria-labelledby="changed" {
            h2 #changed { "What it changed" }
            (changes(&ChangeRow::all(&changed)))
        }
        (back(console, visit, number).await)
    })
}

fn facts(catalog: &Catalog) -> Markup {
    html! {
        dl.facts {
            dt { "When" } dd { (exact(catalog.created_at.0)) }
            dt { "By" } dd { bdi { (catalog.author.as_deref().unwrap_or("–")) } }
            dt { "Why" } dd { bdi { @if catalog.message.is_empty() { "–" } @else { (visible(&catalog.message)) } } }
            dt { "Job types" } dd { (count(catalog.types.len() as u64)) }
            dt { "Queues" } dd { (count(catalog.queues.len() as u64)) }
        }
    }
}

/// What going back would change, and the button that does it.
async fn back<L, Q>(console: &Console<L, Q>, visit: &Visit, number: Revision) -> Markup {
    let (current, plan) = match plan_back(console, &visit.caller, None, number).await {
        Ok(planned) => planned,
        Err(problem) => {
            return html! {
                section aria-labelledby="back" { h2 #back { "Going back to it" } p.notice { (problem.detail()) } }
            };
        }
    };
    if current.revision == number {
        return html! { p.quiet { "This revision is in force." } };
    }
    let rows = ChangeRow::all(&plan.changes);
    let expected = current.revision.to_string();
    let action = format!("/console/history/{number}/rollback");
    html! {
        section aria-labelledby="back" {
            h2 #back { "Going back to it" }
            p { "Over revision " (current.revision) ", which is in force, this would change:" }
            (changes(&rows))
            @if visit.may.deploy && !rows.is_empty() {
                (button(visit.field(), &action, &format!("Go back to revision {number}"), &[("revision", &expected)], true))
            }
        }
    }
}
