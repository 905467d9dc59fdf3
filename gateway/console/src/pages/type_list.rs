//! `GET /console/types`: the job types, a page at a time, with their numbers and limits.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wasmill_catalog::{Catalog, TypeSpec};
use wasmill_http::{Kind, Problem};
use wasmill_job::JobType;
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::overview::old_numbers;
use super::part::help::next_step;
use super::part::number::count;
use super::part::table::{Head, badge, pages, table};
use super::shell::Section;
use super::visit::Visit;
use crate::live::{Snapshot, cells};
use crate::router::Console;
use crate::scope::seen;

/// Rows of a page.
const ROWS: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Only types whose names contain this.
    #[serde(default)]
    name: String,
    /// Only types after this one.
    #[serde(default)]
    after: String,
}

const HEADS: [Head; 14] = [
    ("Job type", false),
    ("Mode", false),
    ("Versions", false),
    ("Pending", true),
    ("Scheduled", true),
    ("In flight", true),
    ("Completed", true),
    ("Dead", true),
    ("In/s", true),
    ("Done/s", true),
    ("Failed, 5 min", true),
    ("Wait p50 · p95 · p99, 5 min", true),
    ("Run p50 · p95 · p99, 5 min", true),
    ("Limits", false),
];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let snapshot = console.live.fresh(visit.caller.scope()).await;
    let catalog = console.catalog.current();
    let catalog = seen(&catalog, &visit.caller);
    let body = match asked {
        Ok(Query(asked)) => Ok(html! {
            (old_numbers(&snapshot, console.clock.now()))
            (list(&catalog, &snapshot, &asked))
        }),
        Err(error) => Err(Problem::new(Kind::InvalidField, error.body_text())),
    };
    visit.page(Section::JobTypes, "Job types", body)
}

fn list(catalog: &Catalog, snapshot: &Snapshot, asked: &Asked) -> Markup {
    let all: BTreeSet<&JobType> = catalog.types.keys().chain(snapshot.counts.keys()).collect();
    if all.is_empty() {
        let sentence = "There are no job types. A route in a catalog file makes one:";
        return next_step(
            sentence,
            &["wasmill deploy hello.wasm --name hello@1.0.0", "wasmill apply mill.toml"],
        );
    }
    let is_wanted =
        |name: &&&JobType| name.as_str().contains(&asked.name) && name.as_str() > asked.after.as_str();
    let mut names: Vec<_> = all.iter().filter(is_wanted).take(ROWS + 1).copied().collect();
    let has_more = names.len() > ROWS;
    names.truncate(ROWS);
    let next = names.last().filter(|_| has_more).map(|name| name.as_str());
    let rows = html! { @for name in &names { (row(name, catalog.types.get(*name), snapshot)) } };
    html! {
        form.filter method="get" role="search" {
            label for="name" { "Name contains" }
            input #name type="search" name="name" value=(asked.name) maxlength="100";
            button type="submit" { "Show" }
        }
        p.quiet { (count(all.len() as u64)) @if all.len() == 1 { " job type" } @else { " job types" } }
        @if names.is_empty() { p { "None is called so." } } @else { (table("Job types", &HEADS, rows)) }
        (pages("/console/types", &[("name", &asked.name)], ("after", next), asked.after.is_empty()))
    }
}

fn row(name: &JobType, spec: Option<&TypeSpec>, snapshot: &Snapshot) -> Markup {
    html! {
        tr data-row=(name) {
            th scope="row" { a href={ "/console/types/" (name) } { (name) } }
            td { @match spec { Some(spec) => (badge(&spec.mode.to_string())), None => "gone" } }
            td { @if let Some(spec) = spec { (versions(spec)) } }
            @for text in cells(snapshot, name) { td.n { (text) } }
            td { @if let Some(spec) = spec { (limits(spec)) } }
        }
    }
}

/// The versions and their shares.
fn versions(spec: &TypeSpec) -> Markup {
    let whole = spec.handlers.iter().count() == 1;
    html! {
        @for (index, handler) in spec.handlers.iter().enumerate() {
            @if index > 0 { ", " }
            (handler.module) @if !whole { " " (handler.weight) }
        }
    }
}

/// The limits of its flow, in a few words.
pub(super) fn limits(spec: &TypeSpec) -> String {
    let concurrency = spec.flow.concurrency.map(|most| format!("{most} at once"));
    let rate =
        spec.flow.rate.map(|rate| format!("{} in {}", rate.jobs, humantime::format_duration(rate.per)));
    let pending = spec.flow.max_pending.map(|most| format!("{} pending", count(most)));
    let all: Vec<_> = [concurrency, rate, pending].into_iter().flatten().collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}
