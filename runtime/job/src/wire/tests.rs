//! Unit tests of `wire`.

#![allow(clippy::unwrap_used)]
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    Attempt, Cancel, DeadLetter, Failure, FailureCode, Generation, Job, JobId, Mode, Offset, Partition, Path,
    Position, Progress, Revision, Stamp, Topic, UnixMs,
};

/// Payload bytes that a re-encoder would change: escapes, a number beyond f64, duplicate keys, 20 digits, odd space.
const DELICATE: &str =
    "{ \"a\" : \"<>&/\\/é\\u00e9\",\n\t\"n\":1e400,\"n\":12345678901234567890 , \"n\": -0.10 }";

fn job(payload: &'static [u8]) -> Job {
    let job_type = "email.welcome".parse().unwrap();
    Job {
        id: JobId::derived(&job_type, "order-17", Generation(2), Partition(5)),
        job_type,
        payload: Bytes::from_static(payload),
        accepted_at: UnixMs(1_767_225_600_000),
        stamp: Stamp { revision: Revision(3), path: Path::Log, mode: Mode::Live },
        priority: crate::Priority::Normal,
        idempotency_key: Some("order-17".into()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        redrives: 1,
        unknown: serde_json::Map::new(),
    }
}

fn cancel() -> Cancel {
    let Job { id, job_type, .. } = job(b"");
    Cancel { id, job_type, at: UnixMs(1_767_225_600_500) }
}

fn letter(job: Option<Job>, raw: Option<Bytes>) -> DeadLetter {
    DeadLetter {
        job,
        raw,
        failure: Failure::new(FailureCode::Rejected, "no such user"),
        attempts: Attempt(2),
        died_at: UnixMs(1_767_225_601_000),
        origin: Position {
            topic: Topic::from("wasmill.q.mail.2"),
            partition: Partition(5),
            offset: Offset(81),
        },
    }
}

/// The bytes must be those of the file, for ever: an older binary wrote them.
macro_rules! golden {
    ($bytes:expr, $file:literal) => {
        assert_eq!(
            String::from_utf8_lossy(&$bytes),
            include_str!(concat!("golden/", $file)),
            "the wire format of {} changed",
            $file
        );
    };
}

#[test]
fn records_are_written_as_in_the_golden_files() {
    golden!(encode_job(&job(DELICATE.as_bytes())).unwrap(), "job.v1");
    golden!(encode_cancel(&cancel()).unwrap(), "cancel.v1");
    golden!(encode_dead(&letter(Some(job(DELICATE.as_bytes())), None)).unwrap(), "dead.v1");
    golden!(encode_dead(&letter(None, Some(Bytes::from_static(b"not a record")))).unwrap(), "dead-raw.v1");
    let mut progress = Progress { floor: Offset(7), ..Progress::default() };
    progress.settle(Offset(9)..Offset(12));
    golden!(encode_progress(&progress).unwrap(), "progress.v1");
}

#[test]
fn what_is_written_is_read_again() {
    let job = job(DELICATE.as_bytes());
    assert_eq!(decode(&encode_job(&job).unwrap()).unwrap(), Record::Job(job.clone()));
    assert_eq!(decode(&encode_cancel(&cancel()).unwrap()).unwrap(), Record::Cancel(cancel()));
    for letter in [letter(Some(job), None), letter(None, Some(Bytes::from_static(b"\0\xff")))] {
        assert_eq!(decode_dead(&encode_dead(&letter).unwrap()).unwrap(), letter);
    }
}

#[test]
fn the_payload_passes_through_untouched() {
    for payload in [DELICATE.as_bytes(), b"", b"\n\n", b"\xff\x00{", b"{\"v\":9}\n"] {
        let Record::Job(read) = decode(&encode_job(&job(payload)).unwrap()).unwrap() else {
            panic!("no job")
        };
        assert_eq!(read.payload, payload);
    }
}

#[test]
fn a_newer_version_is_read_and_its_fields_are_kept() {
    let id = job(b"").id;
    let newer = format!(
        "{{\"v\":2,\"kind\":\"job\",\"id\":\"{id}\",\"type\":\"email.welcome\",\"at\":1,\"rev\":3,\"mood\":[1,{{\"a\":null}}]}}\nhello"
    );
    let Record::Job(read) = decode(&Bytes::from(newer)).unwrap() else { panic!("no job") };
    assert_eq!(read.payload, "hello");
    let again = encode_job(&read).unwrap();
    assert!(String::from_utf8_lossy(&again).contains("\"mood\":[1,{\"a\":null}]"), "{again:?}");
}

#[test]
fn what_is_no_record_is_refused_with_the_reason() {
    let refusals = [
        ("", "the record has no line feed after its envelope"),
        ("{}\n", "the record's envelope is not valid: missing field `v` at line 1 column 2"),
        (
            "{\"v\":3,\"kind\":\"job\"}\n",
            "the record is of version 3, and this binary reads versions 1 and 2: use a newer one",
        ),
        ("{\"v\":1,\"kind\":\"song\"}\n", "the record is of kind `song`, which this binary does not know"),
    ];
    for (bytes, reason) in refusals {
        assert_eq!(decode(&Bytes::from_static(bytes.as_bytes())).unwrap_err().to_string(), reason);
    }
}

#[test]
fn progress_survives_its_bytes() {
    let mut progress = Progress { floor: Offset(7), ..Progress::default() };
    progress.settle(Offset(9)..Offset(12));
    progress.settle(Offset(20)..Offset(u64::MAX));
    assert_eq!(decode_progress(&encode_progress(&progress).unwrap()).unwrap(), progress);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        let _ = (decode(&bytes).is_ok(), decode_dead(&bytes).is_ok(), decode_progress(&bytes).is_ok());
    }

    #[test]
    fn any_payload_survives(payload: Vec<u8>, at: u64, redrives: u32) {
        let job = Job { payload: payload.into(), accepted_at: UnixMs(at), redrives, ..job(b"") };
        prop_assert_eq!(decode(&encode_job(&job).unwrap()).unwrap(), Record::Job(job));
    }
}
