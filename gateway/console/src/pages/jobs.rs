//! `GET /console/jobs`: jobs by state and type, a page at a time; and finding one by its id.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wasmill_http::{Caller, Kind, Problem};
use wasmill_job::{JobId, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::choose::choose;
use super::part::moment::moment;
use super::part::table::{Head, badge, pages, table};
use super::shell::Section;
use super::visit::Visit;
use crate::jobs::{JobList, JobsQuery, PARKED, STATES, page_of_jobs};
use crate::router::Console;
use crate::scope::seen;
use crate::trouble::queue_problem;

/// Rows of a page.
const ROWS: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    after: String,
    /// A job to go to.
    #[serde(default)]
    id: String,
}

const HEADS: [Head; 5] =
    [("Id", false), ("Job type", false), ("State", false), ("Attempts", true), ("When", false)];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(error) => {
            let problem = Problem::new(Kind::InvalidField, error.body_text());
            return visit.page(Section::Jobs, "Jobs", Err(problem));
        }
    };
    if !asked.id.trim().is_empty() {
        return match find(&console, &visit.caller, asked.id.trim()).await {
            Ok(address) => Redirect::to(&address).into_response(),
            Err(problem) => visit.page(Section::Jobs, "Jobs", Err(problem)),
        };
    }
    let body = list(&console, &visit, &asked).await;
    visit.page(Section::Jobs, "Jobs", body)
}

/// The address of the job with this id, which may be alive, ended or dead.
async fn find<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    text: &str,
) -> Result<String, Problem> {
    let id: JobId = text.parse().map_err(|_| {
        let detail = "This is not a job id; ids look like 0190163d-8694-8001-8000-64c2f1a0b3d5.";
        Problem::new(Kind::InvalidId, detail)
    })?;
    let view = console.queue.job(id).await.map_err(|error| queue_problem(&error))?;
    // Of a foreign job not even the type is told.
    let view = view.filter(|view| caller.scope().covers(&view.job_type)).ok_or_else(|| {
        let detail = "The queue does not know this job. Perhaps it was never accepted, is not relayed yet, is parked in the log \
                      (list the parked jobs of its type), or ended so long ago that it is forgotten.";
        Problem::new(Kind::UnknownJob, detail)
    })?;
    Ok(format!("/console/jobs/{}/{id}", view.job_type))
}

async fn list<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    asked: &Asked,
) -> Result<Markup, Problem> {
    let state = if asked.state.is_empty() { "pending" } else { &asked.state };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let query = JobsQuery {
        state: state.to_owned(),
        r#type: some(&asked.r#type),
        after: some(&asked.after),
        limit: Some(ROWS),
    };
    let carried = [("state", state), ("type", asked.r#type.as_str())];
    if asked.r#type.is_empty() && !visit.caller.scope().is_whole() {
        let catalog = console.catalog.current();
        let own = seen(&catalog, &visit.caller);
        return Ok(html! { (filter(state, "")) (choose("/console/jobs", &carried[..1], own.types.keys())) });
    }
    let found = page_of_jobs(console, &visit.caller, query).await?;
    Ok(html! {
        (filter(state, &asked.r#type))
        (rows(&found, console.clock.now(), state, visit.may.operate))
        (pages("/console/jobs", &carried, ("after", found.next.as_deref()), asked.after.is_empty()))
    })
}

fn filter(state: &str, job_type: &str) -> Markup {
    let states = STATES.iter().map(|(name, _)| *name).chain([PARKED]);
    html! {
        form.filter method="get" role="search" {
            label for="state" { "State" }
            select #state name="state" {
                @for name in states { option value=(name) selected[name == state] { (name.replace('_', " ")) } }
            }
            label for="type" { "Job type" }
            input #type type="text" name="type" value=(job_type) maxlength="200" spellcheck="false" placeholder="all";
            button type="submit" { "Show" }
            a href={ "/console/dead" (super::part::quote::query(&[("type", job_type)])) } { "Dead letters" }
        }
    }
}

fn rows(found: &JobList, now: UnixMs, state: &str, may_look: bool) -> Markup {
    if found.jobs.is_empty() {
        let sentence = match &found.next {
            Some(_) => "None among those that were looked at; there are more.".to_owned(),
            None => format!("No job is {}.", state.replace('_', " ")),
        };
        return html! {
            p { (sentence) }
            @if found.next.is_none() && state == "pending" {
                (super::part::help::command("enqueue", "echo '{}' | wasmill enqueue TYPE --payload -"))
            }
        };
    }
    let rows = html! {
        @for job in &found.jobs {
            tr {
                th scope="row" {
                    @if may_look { a href={ "/console/jobs/" (job.r#type) "/" (job.id) } { code { (job.id) } } }
                    @else { code { (job.id) } }
                }
                td { a href={ "/console/types/" (job.r#type) } { (job.r#type) } }
                td { (badge(job.state)) }
                td.n { (job.attempts) }
                td {
                    @if let Some(ended) = job.ended_at_ms { "ended " (moment(now, ended)) }
                    @else if let Some(due) = job.due_at_ms { "due " (moment(now, due)) }
                    @else { "accepted " (moment(now, job.accepted_at_ms)) }
                }
            }
        }
    };
    table("Jobs", &HEADS, rows)
}
