//! Tells which jobs have started to run, from the spans that slots open: whoever reads the worker's traces sees the same.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{LazyLock, Mutex, Once};

use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wasmill_job::JobId;

/// The ids of all jobs that started, in any test of this process.
#[derive(Default)]
struct Started {
    ids: Mutex<HashSet<String>>,
    more: Notify,
}

static STARTED: LazyLock<Started> = LazyLock::new(Started::default);

/// Listens from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

/// Waits until a slot runs this job.
pub(crate) async fn started(id: JobId) {
    let id = id.to_string();
    loop {
        let more = STARTED.more.notified();
        if STARTED.ids.lock().unwrap().contains(&id) {
            return;
        }
        more.await;
    }
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.name() == "job"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut IdOfJob);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct IdOfJob;

impl Visit for IdOfJob {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "id" {
            STARTED.ids.lock().unwrap().insert(format!("{value:?}"));
            STARTED.more.notify_waiters();
        }
    }
}
