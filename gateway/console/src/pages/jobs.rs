//! `GET /console/jobs`: jobs by state, type, time and error, a page at a time; and finding one by its id.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

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
use crate::jobs::{DEAD, JobList, JobsQuery, PARKED, STATES, page_of_jobs};
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
    /// Accepted from this moment on, and before that one: as a field for local time has it, and read as UTC.
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    /// A text in the last failure.
    #[serde(default)]
    error: String,
    #[serde(default)]
    after: String,
    /// A job to go to.
    #[serde(default)]
    id: String,
}

/// So much of an error is shown here, in characters.
const ERROR_MAX: usize = 200;

const HEADS: [Head; 6] = [
    ("Id", false),
    ("Job type", false),
    ("State", false),
    ("Attempts", true),
    ("When", false),
    ("Error", false),
];

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
        state: Some(state.to_owned()),
        r#type: some(&asked.r#type),
        since_ms: read_moment("since", &asked.since)?,
        until_ms: read_moment("until", &asked.until)?,
        error: some(&asked.error),
        id: None,
        after: some(&asked.after),
        limit: Some(ROWS),
    };
    let carried = [
        ("state", state),
        ("since", asked.since.as_str()),
        ("until", asked.until.as_str()),
        ("error", asked.error.as_str()),
        ("type", asked.r#type.as_str()),
    ];
    if asked.r#type.is_empty() && !visit.caller.scope().is_whole() {
        let catalog = console.catalog.current();
        let own = seen(&catalog, &visit.caller);
        return Ok(
            html! { (filter(state, asked)) (choose("/console/jobs", &carried[..4], own.types.keys())) },
        );
    }
    let found = page_of_jobs(console, &visit.caller, query).await?;
    Ok(html! {
        (filter(state, asked))
        (rows(&found, console.clock.now(), asked, state, visit.may.operate))
        (pages("/console/jobs", &carried, ("after", found.next.as_deref()), asked.after.is_empty()))
    })
}

/// A moment of a field for local time, such as `2026-01-31T23:59`, in milliseconds; `None` of an empty one.
fn read_moment(field: &'static str, text: &str) -> Result<Option<u64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let seconds = if text.len() == "2026-01-31T23:59".len() { ":00" } else { "" };
    let refused = || {
        let detail = format!("`{field}` is not a moment; moments look like 2026-01-31T23:59, in UTC.");
        Problem::new(Kind::InvalidField, detail).with("field", field)
    };
    let read = humantime::parse_rfc3339(&format!("{text}{seconds}Z")).map_err(|_| refused())?;
    let since = read.duration_since(UNIX_EPOCH).map_err(|_| refused())?;
    Ok(Some(u64::try_from(since.as_millis()).map_err(|_| refused())?))
}

fn filter(state: &str, asked: &Asked) -> Markup {
    let states = STATES.iter().map(|(name, _)| *name).chain([PARKED, DEAD]);
    let job_type = asked.r#type.as_str();
    html! {
        form.filter method="get" role="search" {
            label for="state" { "State" }
            select #state name="state" {
                @for name in states { option value=(name) selected[name == state] { (name.replace('_', " ")) } }
            }
            label for="type" { "Job type" }
            input #type type="text" name="type" value=(job_type) maxlength="200" spellcheck="false" placeholder="all";
            label for="since" { "Accepted from (UTC)" }
            input #since type="datetime-local" name="since" value=(asked.since);
            label for="until" { "until (UTC)" }
            input #until type="datetime-local" name="until" value=(asked.until);
            label for="error" { "Error contains" }
            input #error type="text" name="error" value=(asked.error) maxlength="200" spellcheck="false";
            button type="submit" { "Show" }
            a href={ "/console/dead" (super::part::quote::query(&[("type", job_type)])) } { "Dead letters" }
        }
    }
}

fn rows(found: &JobList, now: UnixMs, asked: &Asked, state: &str, may_look: bool) -> Markup {
    let is_narrow = [&asked.since, &asked.until, &asked.error].into_iter().any(|text| !text.is_empty());
    if found.jobs.is_empty() {
        let sentence = match &found.next {
            Some(_) => "None among those that were looked at; there are more.".to_owned(),
            None if is_narrow => format!("No job that is {} is like this.", state.replace('_', " ")),
            None => format!("No job is {}.", state.replace('_', " ")),
        };
        return html! {
            p { (sentence) }
            @if found.next.is_none() && state == "pending" && !is_narrow {
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
                td { @if let Some(error) = &job.error { (error.code) ": " bdi { (beginning(&error.message)) } } }
            }
        }
    };
    table("Jobs", &HEADS, rows)
}

/// As much of a message as has room.
fn beginning(message: &str) -> String {
    let mut shown: String = message.chars().take(ERROR_MAX).collect();
    if shown.len() < message.len() {
        shown.push('…');
    }
    shown
}
