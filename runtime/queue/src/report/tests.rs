//! The bytes of a report.

use std::collections::BTreeMap;

use wasmill_job::{Attempt, Revision, UnixMs};

use super::{Ended, Histogram, Latencies, Running, WorkerReport};
use crate::WorkerId;

fn report() -> WorkerReport {
    let id = "0190163d-8694-8001-8000-64c2f1a0b3d5".parse().unwrap();
    let mut times = Histogram::default();
    times.record(100);
    WorkerReport {
        worker: WorkerId(7),
        host: "mill-7".into(),
        pid: 42,
        version: "1.2.3".into(),
        started_at: UnixMs(1_000),
        told_at: UnixMs(2_000),
        revision: Revision(9),
        slots: 8,
        held: 5,
        is_draining: true,
        running: vec![Running {
            id,
            job_type: "mail.send".parse().unwrap(),
            module: "mail@1.0.0".parse().unwrap(),
            attempt: Attempt(2),
            since: UnixMs(1_500),
        }],
        running_more: 3,
        latencies: BTreeMap::from([(
            "mail.send".parse().unwrap(),
            Latencies { wait_us: times.clone(), run_us: times },
        )]),
        ended: vec![Ended {
            number: 17,
            at: UnixMs(1_900),
            id,
            job_type: "mail.send".parse().unwrap(),
            attempt: Attempt(1),
            module: None,
            result: "lost".into(),
            run_us: 12,
        }],
    }
}

/// What other processes read: a change of these bytes needs another version.
#[test]
fn lies_in_redis_as_it_always_did() {
    let bytes = report().to_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("golden.txt").trim());
    assert_eq!(WorkerReport::read(&bytes), Some(report()));
}

#[test]
fn of_another_version_is_passed_over() {
    let mut bytes = report().to_bytes();
    bytes[0] += 1;
    assert_eq!(WorkerReport::read(&bytes), None);
    assert_eq!(WorkerReport::read(&[]), None);
    assert_eq!(WorkerReport::read(&[1, 2, 3]), None);
}
