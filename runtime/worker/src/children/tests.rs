//! From what a handler emitted to the jobs that are published.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use wasmill_catalog::{Backing, SourceFile, plan};
use wasmill_job::{ChildKey, Generation, JobId, Mode, ModuleDigest, Partition, Path, Revision};

use super::*;

fn catalog() -> Catalog {
    let says = "[queue.mail]\n[type.'email.receipt']\nqueue = 'mail'\nmode = 'paused'\ndedup_window = '7m'\n\
                handlers = [{ module = 'hello@1.0.0' }]\n\
                [type.retired]\nmode = 'off'\nhandlers = [{ module = 'hello@1.0.0' }]";
    let modules = BTreeMap::from([("hello@1.0.0".parse().unwrap(), ModuleDigest::of(b"hello"))]);
    plan(&Catalog::default(), &[SourceFile::new("a.toml", says)], &modules, Backing::Log).unwrap().next
}

#[test]
fn a_child_goes_where_its_type_goes_and_carries_the_trace_on() {
    let job_type = "email.receipt".parse().unwrap();
    let parent = Job {
        id: JobId::derived(&job_type, "parent", Generation(1), Partition(0)),
        job_type: "order.placed".parse().unwrap(),
        payload: Bytes::new(),
        accepted_at: UnixMs(1),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: Priority::Urgent,
        idempotency_key: Some("order-17".into()),
        traceparent: Some("00-trace".into()),
        redrives: 2,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    let id = JobId::child_of(parent.id, &job_type, &ChildKey::Number(0), Generation(1), Partition(3));
    let delay = Duration::from_secs(60);
    let child = Child { id, job_type: job_type.clone(), payload: Bytes::from_static(b"{}"), delay };
    let unknown = Child { job_type: "no.such".parse().unwrap(), ..child.clone() };
    let off = Child { job_type: "retired".parse().unwrap(), ..child.clone() };
    let jobs = jobs_of(vec![child, unknown, off], &parent, &catalog(), UnixMs(9));
    let [child] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!((child.job.id, &child.job.job_type, child.job.accepted_at), (id, &job_type, UnixMs(9)));
    assert_eq!(child.job.stamp, Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Paused });
    assert_eq!((child.job.priority, child.job.redrives), (Priority::Normal, 0));
    assert_eq!(child.job.traceparent.as_deref(), Some("00-trace"));
    assert_eq!(child.job.idempotency_key, None);
    assert_eq!(
        (child.queue.as_str(), child.dedup_window, child.delay),
        ("mail", Duration::from_secs(420), delay)
    );
}
