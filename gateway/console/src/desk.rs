//! What the page of one job needs of the job API, handed in by whoever composes the process, so that the console does not have
//! to know who takes jobs in.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use wasmill_http::{Caller, Problem};
use wasmill_job::JobId;
use wasmill_log::ParkedCopy;

/// Cancels jobs, finds parked ones, and payloads of any.
#[derive(Clone)]
pub struct JobDesk {
    cancel: Arc<Cancelling>,
    parked: Arc<Looking>,
    payload: Arc<Fetching>,
}

type Cancelling = dyn Fn(String, JobId, Caller) -> Answering<&'static str> + Send + Sync;
type Looking = dyn Fn(String, JobId) -> Answering<Option<ParkedCopy>> + Send + Sync;
type Fetching = dyn Fn(String, JobId, Caller) -> Answering<Bytes> + Send + Sync;
type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

impl JobDesk {
    /// All take a job's type and id. `cancel` does it for a caller, whose types may be others, and answers the state that the job
    /// has or will have; `parked` answers the copy that stands in the log; `payload` gives the caller the bytes from wherever they
    /// are, also where that has to read through the log.
    pub fn new<C, P, B>(
        cancel: impl Fn(String, JobId, Caller) -> C + Send + Sync + 'static,
        parked: impl Fn(String, JobId) -> P + Send + Sync + 'static,
        payload: impl Fn(String, JobId, Caller) -> B + Send + Sync + 'static,
    ) -> Self
    where
        C: Future<Output = Result<&'static str, Problem>> + Send + 'static,
        P: Future<Output = Result<Option<ParkedCopy>, Problem>> + Send + 'static,
        B: Future<Output = Result<Bytes, Problem>> + Send + 'static,
    {
        let cancel = Arc::new(move |name, id, caller| -> Answering<_> { Box::pin(cancel(name, id, caller)) });
        let parked = Arc::new(move |name, id| -> Answering<_> { Box::pin(parked(name, id)) });
        let payload =
            Arc::new(move |name, id, caller| -> Answering<_> { Box::pin(payload(name, id, caller)) });
        Self { cancel, parked, payload }
    }

    pub(crate) async fn payload(&self, job_type: &str, id: JobId, caller: &Caller) -> Result<Bytes, Problem> {
        (self.payload)(job_type.to_owned(), id, caller.clone()).await
    }

    pub(crate) async fn cancel(
        &self,
        job_type: &str,
        id: JobId,
        caller: &Caller,
    ) -> Result<&'static str, Problem> {
        (self.cancel)(job_type.to_owned(), id, caller.clone()).await
    }

    pub(crate) async fn parked(&self, job_type: &str, id: JobId) -> Result<Option<ParkedCopy>, Problem> {
        (self.parked)(job_type.to_owned(), id).await
    }
}

impl fmt::Debug for JobDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobDesk")
    }
}
