//! Unit tests of `record`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use wasmill_job::{
    Failure, FailureCode, Generation, Job, JobId, JobType, LogLevel, LogLine, Mode, Offset, Partition, Path,
    Priority, Revision, Stamp, UnixMs, Usage,
};

use super::*;
use crate::Ran;

fn keys() -> Vec<Key> {
    vec![
        Key::Meta,
        Key::Head,
        Key::Type(TypeNo(7)),
        Key::Lane(LaneNo(u32::MAX)),
        Key::Inherited(LaneNo(0)),
        Key::Parked(LaneNo(1)),
        Key::Gone(Serial(1)),
        Key::Turn(Serial(256)),
        Key::Failed(Serial(3)),
        Key::Moved(Serial(2)),
        Key::Take(Serial(4)),
        Key::Chunk(Serial(255)),
        Key::Chunk(Serial(256)),
        Key::Results(Serial(u64::MAX)),
        Key::Marks(Serial(6)),
        Key::Dead("wasmill.q.mail.1/3/77".into()),
        Key::Debt(Serial(9)),
    ]
}

#[test]
fn keys_are_read_back_and_sort_as_the_scan_needs_them() {
    let bytes: Vec<_> = keys().iter().map(Key::to_bytes).collect();
    assert!(bytes.is_sorted());
    for (key, bytes) in keys().into_iter().zip(bytes) {
        assert_eq!(Key::parse(&bytes).unwrap(), key);
    }
}

#[test]
fn keys_of_no_kind_are_refused() {
    for bytes in [&[][..], &[0], &[1, 1], &[3, 1, 2], &[12, 0], &[15, 0xFF], &[17], &[0xF0, 1]] {
        assert!(Key::parse(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_pack_that_is_torn_is_refused() {
    let mut writer = PackWriter::default();
    writer.add(|to| to.extend_from_slice(b"one"));
    writer.add(|to| to.extend_from_slice(b"two"));
    let bytes = writer.finish(5);
    for len in 0..bytes.len() {
        let last = Pack::read(&bytes[..len]).and_then(|pack| pack.get(1).map(<[u8]>::to_vec));
        assert!(last.is_err(), "cut to {len}");
    }
    assert!(Pack::read(&bytes).unwrap().get(2).is_err());
}

proptest! {
    #[test]
    fn packs_give_back_their_entries(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..70)) {
        let mut writer = PackWriter::default();
        for entry in &entries {
            writer.add(|to| to.extend_from_slice(entry));
        }
        let bytes = writer.finish(9);
        prop_assert!(writer.is_empty());
        let pack = Pack::read(&bytes).unwrap();
        prop_assert_eq!((pack.tag(), pack.len()), (9, entries.len()));
        for (index, entry) in entries.iter().enumerate() {
            prop_assert_eq!(pack.get(index).unwrap(), &entry[..]);
            prop_assert_eq!(&bytes[pack.place(index).unwrap()], &entry[..]);
        }
    }

    #[test]
    fn jobs_are_read_back(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        key in prop::option::of(".{0,20}"),
        trace in prop::option::of("[0-9a-f-]{0,55}"),
        unknown in prop::collection::hash_map("[a-z]{1,5}", any::<i64>(), 0..3),
        (offset, at, revision, redrives) in any::<(u64, u64, u64, u32)>(),
        run_at in prop::option::of(any::<u64>()),
        paused in any::<bool>(),
        priority in prop::sample::select(&Priority::FIRST_TO_LAST),
    ) {
        let job_type = JobType::try_from(Arc::<str>::from("a.type")).unwrap();
        let job = Job {
            id: JobId::derived(&job_type, "key", Generation(2), Partition(3)),
            job_type: job_type.clone(),
            payload: Bytes::from(payload),
            accepted_at: UnixMs(at),
            stamp: Stamp { revision: Revision(revision), path: Path::Log, mode: if paused { Mode::Paused } else { Mode::Live } },
            priority,
            idempotency_key: key,
            traceparent: trace,
            redrives,
            run_at: run_at.map(UnixMs),
            unknown: unknown.into_iter().map(|(name, value)| (name, value.into())).collect(),
        };
        let mut bytes = Vec::new();
        StoredJob::write(&mut bytes, &job, TypeNo(4), Offset(offset), 600_000);
        let stored = StoredJob::read(&bytes).unwrap();
        prop_assert_eq!((stored.head.offset, stored.head.job_type, stored.head.window_ms), (Offset(offset), TypeNo(4), 600_000));
        let payload = Bytes::copy_from_slice(stored.payload);
        prop_assert_eq!(stored.into_job(job_type, payload).unwrap(), job);
    }

    #[test]
    fn no_bytes_make_a_record_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(StoredJob::read(&bytes));
        drop(Key::parse(&bytes));
        drop(ResultRow::split(&bytes));
        drop(DeadRow::split(&bytes));
        drop(TakeRow::from_bytes(&bytes));
        if let Ok(pack) = Pack::read(&bytes) {
            for index in 0..pack.len().min(100) {
                drop(pack.get(index));
            }
        }
    }
}

#[test]
fn what_an_older_release_kept_of_an_attempt_still_reads() {
    #[derive(serde::Serialize)]
    struct WithoutImports {
        logs: Vec<LogLine>,
        fuel: u64,
        wall_us: u64,
        memory_peak_bytes: u64,
    }
    #[derive(serde::Serialize)]
    struct WithoutRan {
        logs: Vec<LogLine>,
        usage: Usage,
    }
    let logs = vec![LogLine { level: LogLevel::Info, message: "hello".into(), at_ms: 1 }];
    let first = Usage { fuel: 7, wall_us: 300, memory_peak_bytes: 65_536, ..Usage::default() };
    let second = Usage { cpu_us: 250, ..first };
    let Usage { fuel, wall_us, memory_peak_bytes, .. } = first;
    let without_imports = WithoutImports { logs: logs.clone(), fuel, wall_us, memory_peak_bytes };
    let without_ran = WithoutRan { logs: logs.clone(), usage: second };
    let rows = [
        (postcard::to_stdvec(&without_imports).unwrap(), first),
        (postcard::to_stdvec(&without_ran).unwrap(), second),
    ];
    let failure = Failure::new(FailureCode::Trap, "unreachable");
    for (before, usage) in rows {
        let read = LastRow::from_bytes(&before).unwrap();
        assert_eq!((read.logs, read.usage, read.ran), (logs.clone(), usage, None));
        let before = [postcard::to_stdvec(&failure).unwrap(), before].concat();
        let read = FailedRow::from_bytes(&before).unwrap();
        assert_eq!(
            (read.failure.code, read.last.logs, read.last.ran),
            (FailureCode::Trap, logs.clone(), None)
        );
    }
}

#[test]
fn what_ran_reads_back() {
    for ran in [Some(Ran::Module("hello@1.0.0".parse().unwrap())), Some(Ran::Nothing), None] {
        let row = LastRow { ran: ran.clone(), ..LastRow::default() };
        assert_eq!(LastRow::from_bytes(&row.to_bytes()).unwrap().ran, ran);
    }
}
