//! What is shown of dead letters.

use serde::Serialize;
use utoipa::ToSchema;
use wasmill_job::DeadLetter;
use wasmill_queue::DeadPage;

/// A page of dead letters.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DeadList {
    pub(crate) letters: Vec<DeadRow>,
    /// The `after` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// One dead letter. Moments are milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadRow {
    /// The job's id; for a record that is no job, where it stood.
    pub(crate) id: String,
    /// Absent for a record that is no job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) r#type: Option<String>,
    /// Why it died: a stable name, such as `trap` or `rejected`.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) attempts: u32,
    pub(crate) died_at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accepted_at_ms: Option<u64>,
    /// How many times it has been sent round again.
    pub(crate) redrives: u32,
    pub(crate) payload_bytes: u64,
    /// Where its record stood in the log.
    pub(crate) origin: String,
}

impl DeadList {
    /// Adds a page behind the ones before.
    pub(crate) fn add(&mut self, page: DeadPage) {
        self.letters.extend(page.letters.iter().map(|letter| DeadRow::of(letter)));
        self.next = page.next;
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }
}

impl DeadRow {
    fn of(letter: &DeadLetter) -> Self {
        let job = letter.job.as_ref();
        let payload = job.map(|job| &job.payload).or(letter.raw.as_ref());
        Self {
            id: letter.key(),
            r#type: job.map(|job| job.job_type.to_string()),
            code: letter.failure.code.as_str(),
            message: letter.failure.message.clone(),
            attempts: letter.attempts.0,
            died_at_ms: letter.died_at.0,
            accepted_at_ms: job.map(|job| job.accepted_at.0),
            redrives: job.map_or(0, |job| job.redrives),
            payload_bytes: payload.map_or(0, |payload| payload.len() as u64),
            origin: letter.origin.to_string(),
        }
    }
}
