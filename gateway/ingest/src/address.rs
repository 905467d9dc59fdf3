//! `/v1/jobs/{type}/{id}`: the address of one job.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use wasmill_http::{Kind, Problem};
use wasmill_job::{JobId, JobType};

/// What the address names, before anybody knows whether it exists.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// As it was written.
    pub(crate) job_type: String,
    pub(crate) id: JobId,
}

impl Address {
    /// # Errors
    /// 400 when the id is no id.
    pub(crate) fn read(path: Result<Path<(String, String)>, PathRejection>) -> Result<Self, Problem> {
        let Path((job_type, id)) = path.map_err(|error| Problem::new(Kind::NotFound, error.body_text()))?;
        let id = id.parse().map_err(|_| {
            let shown: String = id.chars().take(80).collect();
            let detail =
                format!("`{shown}` is not a job id; ids look like 0190163d-8694-8001-8000-64c2f1a0b3d5.");
            Problem::new(Kind::InvalidId, detail)
        })?;
        Ok(Self { job_type, id })
    }

    /// Whether this is the type of the job that was found.
    pub(crate) fn names(&self, job_type: &JobType) -> bool {
        self.job_type == job_type.as_str()
    }

    /// The answer for a job that is not found.
    pub(crate) fn unknown(&self, why: &str) -> Problem {
        let Self { job_type, id } = self;
        Problem::new(Kind::UnknownJob, format!("There is no job {id} of type `{job_type}`: {why}."))
    }
}
