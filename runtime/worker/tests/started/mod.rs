//! Tells which jobs have started to run, and in which process, from what the worker tells of each attempt: whoever reads
//! its log sees the same.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::{Condvar, LazyLock, Mutex, Once};

use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wasmill_job::JobId;

/// All jobs that started, in any test of this process, each with the processes that its attempts ran in.
#[derive(Default)]
struct Started {
    pids: Mutex<HashMap<String, Vec<u32>>>,
    more: Notify,
    /// Jobs whose attempts get no further than the line about their start.
    held: Mutex<HashSet<String>>,
    let_go: Condvar,
}

static STARTED: LazyLock<Started> = LazyLock::new(Started::default);

/// Listens from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

/// Waits until this job runs.
pub(crate) async fn started(id: JobId) {
    started_in(id, 1).await;
}

/// Waits until this job was started so many times, and answers in which process the last of them runs.
pub(crate) async fn started_in(id: JobId, times: usize) -> u32 {
    first_started(&[id], times).await.1
}

/// The same for the first of these jobs, whichever it is.
pub(crate) async fn first_started(ids: &[JobId], times: usize) -> (JobId, u32) {
    loop {
        let more = STARTED.more.notified();
        {
            let started = STARTED.pids.lock().unwrap();
            let pid = |id: &JobId| Some((*id, *started.get(&id.to_string())?.get(times - 1)?));
            if let Some(found) = ids.iter().find_map(pid) {
                return found;
            }
        }
        more.await;
    }
}

/// Holds a job's attempts at the line about their start, until it is let go.
pub(crate) fn hold(id: JobId) {
    STARTED.held.lock().unwrap().insert(id.to_string());
}

/// Lets the attempts of a job that was held go on.
pub(crate) fn let_go(id: JobId) {
    STARTED.held.lock().unwrap().remove(&id.to_string());
    STARTED.let_go.notify_all();
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == "wasmill_worker::attempt"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut start = Start::default();
        event.record(&mut start);
        if let Start { job: Some(job), pid: Some(pid) } = start {
            STARTED.pids.lock().unwrap().entry(job.clone()).or_default().push(pid);
            STARTED.more.notify_waiters();
            let held = STARTED.held.lock().unwrap();
            drop(STARTED.let_go.wait_while(held, |held| held.contains(&job)).unwrap());
        }
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What the line about an attempt's start says; the one about its end has no `pid`.
#[derive(Default)]
struct Start {
    job: Option<String>,
    pid: Option<u32>,
}

impl Visit for Start {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "job" {
            self.job = Some(format!("{value:?}"));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "pid" {
            self.pid = u32::try_from(value).ok();
        }
    }
}
