//! What the steps are made of: names, jobs, verdicts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    ChildKey, Failure, FailureCode, Generation, Job, JobId, JobType, Mode, Offset, Partition, Path, Revision,
    Stamp, Topic, TopicPartition, UnixMs, Verdict,
};

use super::super::Beginning;
use super::Judged;
use crate::Child;
use crate::record::Serial;

pub(super) fn beginning(life: u64) -> Beginning {
    Beginning { serial: Serial(1), claim: life << 32 }
}

pub(super) fn lane_name(number: usize) -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.model.1"), Partition(u32::try_from(number).unwrap()))
}

/// Where jobs stand that stand in no log.
pub(super) fn direct() -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.direct"), Partition(0))
}

pub(super) fn type_name(number: u8) -> JobType {
    JobType::try_from(Arc::<str>::from(format!("type-{number}"))).unwrap()
}

pub(super) fn failure() -> Failure {
    Failure::new(FailureCode::Rejected, "no")
}

pub(super) fn verdict(judged: Judged) -> Verdict {
    match judged {
        Judged::Complete | Judged::Emit { .. } => Verdict::Complete { output: Bytes::from_static(b"done") },
        Judged::Retry { pause_ms } => {
            Verdict::Retry { pause: Duration::from_millis(pause_ms), failure: failure() }
        }
        Judged::Bury => Verdict::Bury { failure: failure() },
        Judged::Release => Verdict::Release,
    }
}

/// So many children of a job.
pub(super) fn children(parent: &Job, count: u32) -> Vec<Child> {
    let child = |number: u32| {
        let job_type = type_name(0);
        let key = ChildKey::Number(number);
        let id = JobId::child_of(parent.id, &job_type, &key, Generation(1), Partition(number % 2));
        let job = job(id, job_type, Offset(0), 0);
        let dedup_window = Duration::from_secs(5);
        Child {
            job,
            queue: "model".parse().unwrap(),
            dedup_window,
            delay: Duration::from_millis(number.into()),
        }
    };
    (0..count).map(child).collect()
}

pub(super) fn job(id: JobId, job_type: JobType, offset: Offset, redrives: u32) -> Job {
    Job {
        id,
        job_type,
        payload: Bytes::from(format!("payload of {offset}")),
        accepted_at: UnixMs(offset.0),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}
