//! Unit tests of `wire`.

#![allow(clippy::unwrap_used)]
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    Attempt, Cancel, CopyOf, DeadLetter, Failure, FailureCode, Generation, Job, JobId, Mode, Offset,
    Partition, Passed, Path, Position, Progress, RecordHash, Revision, Stamp, Topic, UnixMs,
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
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

/// A job that is not to be run at once.
fn later() -> Job {
    Job { run_at: Some(UnixMs(1_767_225_660_000)), ..job(DELICATE.as_bytes()) }
}

fn cancel() -> Cancel {
    let Job { id, job_type, .. } = job(b"");
    Cancel { id, job_type, at: UnixMs(1_767_225_600_500) }
}

fn copy_of() -> CopyOf {
    let origin =
        Position { topic: Topic::from("wasmill.q.mail.2"), partition: Partition(5), offset: Offset(81) };
    CopyOf { origin, attempts: Attempt(2), due_at: Some(UnixMs(1_767_225_602_000)) }
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
    golden!(encode_progress(&progress, usize::MAX).unwrap(), "progress-packed.v1");
    golden!(encode_copy(&job(DELICATE.as_bytes()), &copy_of()).unwrap(), "copy.v1");
    golden!(encode_job(&later()).unwrap(), "job-later.v1");
}

#[test]
fn the_epoch_of_progress_and_the_record_that_was_passed_are_kept() {
    let passed = Some(Passed { offset: Offset(8), hash: RecordHash(u64::MAX) });
    let mut progress = Progress { floor: Offset(7), epoch: 3, passed, ..Progress::default() };
    progress.settle(Offset(9)..Offset(12));
    golden!(encode_progress(&progress, usize::MAX).unwrap(), "progress-passed.v1");
    assert_eq!(decode_progress(&encode_progress(&progress, usize::MAX).unwrap()).unwrap(), progress);
}

#[test]
fn progress_as_it_was_written_once_is_read() {
    let mut progress = Progress { floor: Offset(7), ..Progress::default() };
    progress.settle(Offset(9)..Offset(12));
    let written = Bytes::from_static(include_bytes!("golden/progress.v1"));
    assert_eq!(decode_progress(&written).unwrap(), progress);
}

#[test]
fn a_copy_without_its_origin_and_progress_without_its_ranges_are_refused() {
    let copy = encode_copy(&job(b""), &copy_of()).unwrap();
    let text = String::from_utf8(copy.to_vec()).unwrap();
    let (head, tail) = (text.find("\"copy\":").unwrap(), text.find("}}").unwrap());
    let bare = format!("{}\"kept\":1{}", &text[..head], &text[tail + 1..]);
    assert!(matches!(decode(&Bytes::from(bare)), Err(Undecodable::NoOrigin)));
    let torn = Bytes::from_static(b"{\"v\":1,\"floor\":7,\"ranges\":2}\n\x02\x03\x85");
    assert!(matches!(decode_progress(&torn), Err(Undecodable::Ranges)));
}

#[test]
fn what_is_written_is_read_again() {
    let job = job(DELICATE.as_bytes());
    assert_eq!(decode(&encode_job(&job).unwrap()).unwrap(), Record::Job(job.clone()));
    assert_eq!(decode(&encode_cancel(&cancel()).unwrap()).unwrap(), Record::Cancel(cancel()));
    assert_eq!(decode(&encode_job(&later()).unwrap()).unwrap(), Record::Job(later()));
    let copy = Record::Copy { job: job.clone(), of: copy_of() };
    assert_eq!(decode(&encode_copy(&job, &copy_of()).unwrap()).unwrap(), copy);
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
    assert_eq!(decode_progress(&encode_progress(&progress, usize::MAX).unwrap()).unwrap(), progress);
}

#[test]
fn progress_with_more_ranges_than_fit_leaves_out_those_furthest_on() {
    let mut progress = Progress { floor: Offset(7), ..Progress::default() };
    progress.settled.extend((0..600_000).map(|at| 2 * at + 9..2 * at + 10));
    let bytes = encode_progress(&progress, 1_000_000).unwrap();
    assert!((999_000..=1_000_000).contains(&bytes.len()), "{}", bytes.len());
    let told = decode_progress(&bytes).unwrap();
    let last = told.settled.last().unwrap().end;
    progress.settled.remove(last..u64::MAX);
    assert_eq!(told, progress);
}

proptest! {
    #[test]
    fn any_progress_survives(floor in 0..1_000_u64, ranges: Vec<(u64, u16)>) {
        let mut progress = Progress { floor: Offset(floor), ..Progress::default() };
        for (start, length) in ranges {
            progress.settle(Offset(start)..Offset(start.saturating_add(u64::from(length))));
        }
        prop_assert_eq!(decode_progress(&encode_progress(&progress, usize::MAX).unwrap()).unwrap(), progress);
    }

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
