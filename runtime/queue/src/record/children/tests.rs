//! Unit tests of `children`.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wasmill_job::{
    ChildKey, Generation, Job, JobId, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs,
};

use super::*;

fn child(payload: &[u8], delay: Duration) -> Child {
    let job_type = "email.receipt".parse().unwrap();
    let parent = JobId::derived(&job_type, "order-17", Generation(2), Partition(5));
    let job = Job {
        id: JobId::child_of(parent, &job_type, &ChildKey::Number(0), Generation(2), Partition(3)),
        job_type,
        payload: Bytes::copy_from_slice(payload),
        accepted_at: UnixMs(1_767_225_600_000),
        stamp: Stamp { revision: Revision(3), path: Path::Log, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    Child { job, queue: "mail".parse().unwrap(), dedup_window: Duration::from_secs(600), delay }
}

#[test]
fn children_are_written_as_they_were_once() {
    let bytes = write_children(&[child(b"{}", Duration::from_millis(1_500))]);
    let record = "{\"v\":1,\"kind\":\"job\",\"id\":\"cf24ca3b-f6b5-8002-a003-11cb6b6a850e\",\"type\":\"email.receipt\",\
                  \"at\":1767225600000,\"rev\":3,\"path\":\"log\",\"mode\":\"live\"}\n{}";
    let golden = [
        b"\x01\0\0\0\0\0\0\x05\xdc\0\x09\x27\xc0\0\0\0\x04mail\0\0\0".as_slice(),
        &[u8::try_from(record.len()).unwrap()],
        record.as_bytes(),
    ];
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&golden.concat()));
    assert_eq!(bytes, golden.concat());
}

#[test]
fn a_delay_becomes_a_moment() {
    let (at_once, later) = (child(b"", Duration::ZERO), child(b"", Duration::from_secs(2)));
    let bytes = Bytes::from(write_children(&[at_once.clone(), later.clone()]));
    let read = read_children(&bytes, UnixMs(5_000)).unwrap();
    let job = Job { run_at: Some(UnixMs(7_000)), ..later.job.clone() };
    assert_eq!(read, [at_once, Child { job, delay: Duration::ZERO, ..later }]);
}

#[test]
fn children_that_are_torn_are_refused() {
    let bytes = Bytes::from(write_children(&[child(b"payload", Duration::ZERO)]));
    for length in (0..bytes.len()).filter(|length| *length != 1) {
        assert!(read_children(&bytes.slice(..length), UnixMs(0)).is_err(), "cut to {length}");
    }
    assert!(read_children(&Bytes::from_static(&[2]), UnixMs(0)).is_err(), "of another layout");
}

proptest! {
    #[test]
    fn children_are_read_back(payloads: Vec<Vec<u8>>) {
        let children: Vec<Child> = payloads.iter().map(|payload| child(payload, Duration::ZERO)).collect();
        prop_assert_eq!(read_children(&write_children(&children).into(), UnixMs(1)).unwrap(), children);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        drop(read_children(&[&[1], &bytes[..]].concat().into(), UnixMs(1)));
    }
}
