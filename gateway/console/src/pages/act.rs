//! What forms do: each calls what the admin API calls, and sends the browser on with a word about it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use wasmill_http::{Kind, Problem, Subject};
use wasmill_job::{JobId, JobType, Revision};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::number::count;
use super::part::quote::query;
use super::shell::Section;
use super::visit::Visit;
use crate::mode::{WantedMode, change_mode};
use crate::purge::purge_letters;
use crate::redrive::{Redriven, redrive_letters};
use crate::revisions::{WantedRollback, go_back};
use crate::router::Console;
use crate::selection::WantedLetters;

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// Another mode for a type, over the revision that the page showed.
#[derive(Debug, Deserialize)]
struct ModeForm {
    mode: String,
    revision: u64,
}

/// Over the revision that the page showed.
#[derive(Debug, Deserialize)]
struct RollbackForm {
    revision: u64,
}

/// Which letters; an empty text means any.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WantedBulk {
    #[serde(default)]
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) error: String,
}

/// `POST /console/types/{type}/mode`.
pub(super) async fn set_mode<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form: ModeForm = match visit.form(&headers, body, &console.bodies).await {
        Ok(form) => form,
        Err(problem) => return visit.page(Section::JobTypes, &name, Err(problem)),
    };
    let Ok(job_type) = name.parse::<JobType>() else {
        let problem = Problem::new(Kind::UnknownType, "This cannot be the name of a job type.");
        return visit.page(Section::JobTypes, "Job types", Err(problem));
    };
    subject.is(format_args!("type {job_type}"));
    let wanted = WantedMode { mode: form.mode.clone(), message: None };
    let done =
        change_mode(&console, (&visit.caller, &subject), Some(Revision(form.revision)), &job_type, wanted);
    let done = done.await;
    let done = done.map(|(tag, _)| format!("{job_type} is {} since revision {}.", form.mode, tag.0));
    visit.done(&format!("/console/types/{job_type}"), done)
}

/// `POST /console/jobs/{type}/{id}/cancel`.
pub(super) async fn cancel<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    Path((name, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (name, id) = match one(&visit, &console, &headers, body, (&name, &id)).await {
        Ok(job) => job,
        Err(problem) => return visit.page(Section::Jobs, "Jobs", Err(problem)),
    };
    subject.is(format_args!("job {id} of type {name}"));
    let done = console.desk.cancel(name.as_str(), id, &visit.caller).await;
    let done = done.map(|state| format!("The job is {state}."));
    visit.done(&format!("/console/jobs/{name}/{id}"), done)
}

/// `POST /console/jobs/{type}/{id}/redrive`.
pub(super) async fn redrive_one<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    Path((name, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (name, id) = match one(&visit, &console, &headers, body, (&name, &id)).await {
        Ok(job) => job,
        Err(problem) => return visit.page(Section::Jobs, "Jobs", Err(problem)),
    };
    let (r#type, ids) = (Some(name.to_string()), vec![id.to_string()]);
    let wanted = WantedLetters { r#type, ids, ..WantedLetters::default() };
    subject.is(wanted.subject());
    let done = redrive_letters(&console, &visit.caller, wanted).await.map(|done| redriven(&done));
    visit.done(&format!("/console/jobs/{name}/{id}"), done)
}

/// `POST /console/dead/redrive`.
pub(super) async fn redrive<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form: WantedBulk = match visit.form(&headers, body, &console.bodies).await {
        Ok(form) => form,
        Err(problem) => return visit.page(Section::Dead, "Dead letters", Err(problem)),
    };
    let wanted = wanted(&form, false);
    subject.is(wanted.subject());
    let done = redrive_letters(&console, &visit.caller, wanted).await.map(|done| redriven(&done));
    visit.done(&format!("/console/dead{}", query(&[("type", &form.r#type)])), done)
}

/// `POST /console/dead/purge`.
pub(super) async fn purge<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form: WantedBulk = match visit.form(&headers, body, &console.bodies).await {
        Ok(form) => form,
        Err(problem) => return visit.page(Section::Dead, "Dead letters", Err(problem)),
    };
    let wanted = wanted(&form, false);
    subject.is(wanted.subject());
    let done = purge_letters(&console, &visit.caller, wanted).await;
    let done = done.map(|done| format!("Purged: {}.{}", count(done.purged), waiting(done.waiting)));
    visit.done(&format!("/console/dead{}", query(&[("type", &form.r#type)])), done)
}

/// `POST /console/history/{revision}/rollback`.
pub(super) async fn roll_back<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form: RollbackForm = match visit.form(&headers, body, &console.bodies).await {
        Ok(form) => form,
        Err(problem) => return visit.page(Section::History, "History", Err(problem)),
    };
    let Ok(revision) = number.parse() else {
        let problem = Problem::new(Kind::UnknownRevision, "A revision is a number.");
        return visit.page(Section::History, "History", Err(problem));
    };
    subject.is(format_args!("back to revision {revision}"));
    let wanted = WantedRollback { revision, message: None };
    let done = go_back(&console, (&visit.caller, &subject), Some(Revision(form.revision)), wanted).await;
    let done = done.map(|(tag, _)| format!("Revision {} says what revision {revision} said.", tag.0));
    visit.done("/console/history", done)
}

/// The letters that a form, or a preview, means.
pub(super) fn wanted(bulk: &WantedBulk, dry_run: bool) -> WantedLetters {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    WantedLetters {
        r#type: some(&bulk.r#type),
        code: some(&bulk.code),
        error: some(&bulk.error),
        all: true,
        confirm: true,
        dry_run,
        ..WantedLetters::default()
    }
}

/// The job that a form without fields is about.
async fn one<L, Q>(
    visit: &Visit,
    console: &Console<L, Q>,
    headers: &HeaderMap,
    body: Body,
    (name, id): (&str, &str),
) -> Result<(JobType, JobId), Problem> {
    let Nothing {} = visit.form(headers, body, &console.bodies).await?;
    match (name.parse(), id.parse()) {
        (Ok(name), Ok(id)) => Ok((name, id)),
        _ => Err(Problem::new(Kind::InvalidId, "This is not the address of a job.")),
    }
}

fn redriven(done: &Redriven) -> String {
    let why = done.refusals.first().map(|refusal| format!(" ({})", refusal.why)).unwrap_or_default();
    let refused = match done.refused {
        0 => String::new(),
        refused => format!(" Refused: {}{why}.", count(refused)),
    };
    let unknown = if done.unknown.is_empty() { "" } else { " There is no such letter any more." };
    format!("Redriven: {}.{refused}{}{unknown}", count(done.redriven), waiting(done.waiting))
}

fn waiting(letters: u64) -> String {
    match letters {
        0 => String::new(),
        letters => format!(" Not in the log yet, repeat in a moment: {}.", count(letters)),
    }
}
