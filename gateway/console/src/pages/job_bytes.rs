//! A job's payload and output: finding them, and giving them whole, as a file that no browser opens.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use wasmill_http::{Caller, Kind, Problem};
use wasmill_job::{DeadLetter, Job, JobId, JobType};
use wasmill_log::{Log, ParkedCopy};
use wasmill_queue::{JobView, Queue, State as JobState};

use super::shell::Section;
use super::visit::Visit;
use crate::router::{Console, Storage};
use crate::selection::find;
use crate::trouble::queue_problem;

/// One job, from wherever it is.
pub(super) struct Found {
    pub(super) job_type: JobType,
    pub(super) id: JobId,
    /// As the queue knows it; `None` of a parked one.
    pub(super) view: Option<JobView>,
    /// The letter, when it is dead.
    pub(super) letter: Option<Arc<DeadLetter>>,
    /// The copy, when it is parked.
    pub(super) copy: Option<ParkedCopy>,
    /// The job as it was accepted, while it is pending, scheduled or in flight.
    record: Option<Job>,
    /// Whether the log may have what the queue has not: there is one.
    has_log: bool,
}

/// Where the payload of a job can be had.
pub(super) enum Payload<'f> {
    Here(&'f Bytes),
    /// The job is done, and its record may stand in the log.
    PerhapsInLog,
    /// The job is done, and there is no log.
    Gone,
    /// The job has moved while it was looked at.
    Moved,
}

impl Found {
    /// The job at this address.
    ///
    /// # Errors
    /// 403 when the caller's token is not for the type, 404 when neither queue nor log have it under this type, and what queue and log say.
    pub(super) async fn at<L: Log, Q: Queue>(
        console: &Console<L, Q>,
        caller: &Caller,
        name: &str,
        id: &str,
    ) -> Result<Self, Problem> {
        let unknown = || {
            let detail = format!(
                "There is no job {id} of type `{name}`: it was never accepted, is not relayed yet, or ended so long ago that it \
                 is forgotten. `wasmill job show` with its receipt tells which."
            );
            Problem::new(Kind::UnknownJob, detail)
        };
        caller.require_type(name)?;
        let not_an_id = |_| Problem::new(Kind::InvalidId, "This is not a job id.");
        let id: JobId = id.parse().map_err(not_an_id)?;
        let job_type: JobType = name.parse().map_err(|_| unknown())?;
        let view = console.queue.job(id).await.map_err(|error| queue_problem(&error))?;
        if view.as_ref().is_some_and(|view| view.job_type != job_type) {
            return Err(unknown());
        }
        let has_log = matches!(console.storage, Storage::Log(_));
        let mut found = Self { job_type, id, view, letter: None, copy: None, record: None, has_log };
        match found.view.as_ref().map(|view| view.state) {
            Some(JobState::Dead) => {
                found.letter = find(&console.queue, Some(&found.job_type), &id.to_string()).await?;
            }
            Some(JobState::Pending | JobState::Scheduled | JobState::InFlight) => {
                found.record = console.queue.record(id).await.map_err(|error| queue_problem(&error))?;
            }
            Some(JobState::Completed | JobState::Cancelled) => {}
            None => {
                let copy = console.desk.parked(name, id).await?;
                found.copy = Some(copy.ok_or_else(unknown)?);
            }
        }
        Ok(found)
    }

    /// The job as it was accepted, unless it is done.
    pub(super) fn job(&self) -> Option<&Job> {
        let dead = self.letter.as_ref().and_then(|letter| letter.job.as_ref());
        dead.or(self.copy.as_ref().map(|copy| &copy.job)).or(self.record.as_ref())
    }

    /// Where its payload is.
    pub(super) fn payload(&self) -> Payload<'_> {
        match (self.job(), self.is_done()) {
            (Some(job), _) => Payload::Here(&job.payload),
            (None, true) if self.has_log => Payload::PerhapsInLog,
            (None, true) => Payload::Gone,
            (None, false) => Payload::Moved,
        }
    }

    fn is_done(&self) -> bool {
        let is_done = |view: &JobView| matches!(view.state, JobState::Completed | JobState::Cancelled);
        self.view.as_ref().is_some_and(is_done)
    }

    /// What the last attempt gave.
    pub(super) fn output(&self) -> Option<&Bytes> {
        self.view.as_ref()?.last.as_ref()?.output.as_ref()
    }

    /// Its page.
    pub(super) fn address(&self) -> String {
        format!("/console/jobs/{}/{}", self.job_type, self.id)
    }
}

/// `GET /console/jobs/{type}/{id}/payload`. Here the log is searched, too.
pub(super) async fn payload<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let payload = async {
        let found = Found::at(&console, &visit.caller, &name, &id).await?;
        let bytes = match found.payload() {
            Payload::Here(bytes) => bytes.clone(),
            _ => console.desk.payload(&name, found.id, &visit.caller).await?,
        };
        Ok((bytes, format!("{}.payload", found.id)))
    };
    let payload = payload.await;
    whole(visit, payload)
}

/// `GET /console/jobs/{type}/{id}/output`.
pub(super) async fn output<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let found = Found::at(&console, &visit.caller, &name, &id).await;
    let missing = || Problem::new(Kind::UnknownJob, "The queue keeps no output of this job.");
    let output = found
        .and_then(|found| Ok((found.output().cloned().ok_or_else(missing)?, format!("{}.output", found.id))));
    whole(visit, output)
}

/// Bytes as a file of this name, or the page that says why there are none.
fn whole(visit: Visit, found: Result<(Bytes, String), Problem>) -> Response {
    match found {
        Ok((bytes, name)) => {
            let disposition = format!("attachment; filename=\"{name}\"");
            let kind = "application/octet-stream".to_owned();
            ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition)], bytes).into_response()
        }
        Err(problem) => visit.page(Section::Jobs, "Jobs", Err(problem)),
    }
}
