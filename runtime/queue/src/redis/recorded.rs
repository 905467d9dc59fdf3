//! Jobs as they were accepted: the record of a live one, or what stands in a dead letter.

use wasmill_job::{Job, JobId};

use super::letter;
use super::record::job_of;
use super::script::Name;
use super::shard::Shard;
use super::trouble::Trouble;

impl Shard<'_> {
    /// The job with its payload, while it is kept.
    pub(super) async fn record(&self, id: JobId) -> Result<Option<Job>, Trouble> {
        let mut call = self.call(Name::Record);
        call.arg(&id.pack()[..]);
        let mut answer = self.list(&call).await?;
        if answer.is_empty() {
            return Ok(None);
        }
        let job = match answer.text()?.as_str() {
            "dead" => letter::read(&answer.bytes()?)?.0.job,
            _ => Some(job_of(answer.bytes()?)?),
        };
        // A key has only some bits of the id's generation.
        Ok(job.filter(|job| job.id == id))
    }
}
