//! The frames between worker and child, against golden files: both ends of a pipe must mean the same.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_job::{Import, ImportUsage, LogLevel, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs};

use super::*;

fn request() -> Request {
    let job_type = "email.welcome".parse().unwrap();
    let job = Job {
        id: JobId::derived(&job_type, "order-17", Generation(2), Partition(5)),
        job_type,
        payload: Bytes::from_static(b"{ \"a\" : 1e400,\n\"a\":2}"),
        accepted_at: UnixMs(1_767_225_600_000),
        stamp: Stamp { revision: Revision(3), path: Path::Log, mode: Mode::Live },
        priority: Priority::High,
        idempotency_key: Some("order-17".into()),
        traceparent: None,
        redrives: 1,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    let limits = Limits { timeout: Duration::from_millis(1_500), ..Limits::default() };
    let token: SecretName = "SMTP_TOKEN".parse().unwrap();
    let grants = Grants {
        http: vec!["https://api.example.com".into()],
        secrets: [token.clone()].into(),
        config: [("region".into(), "eu".into())].into(),
        emit: vec!["email.*".parse().unwrap()],
        clock: true,
        random: false,
    };
    let place = Destination {
        generation: Generation(2),
        partitions: NonZeroU32::new(4).unwrap(),
        payload_bytes_max: 9,
    };
    Request {
        module: ModuleDigest::of(b"module"),
        job,
        attempt: Attempt(2),
        max_attempts: 10,
        limits,
        grants,
        secrets: [(token, "s3cr3t".into())].into(),
        destinations: [("email.receipt".parse().unwrap(), place)].into(),
    }
}

fn ended(end: End) -> Reply {
    let logs = vec![LogLine { level: LogLevel::Warn, message: "two \"words\"".into(), at_ms: 7 }];
    let mut usage = Usage { fuel: 1, wall_us: 2, memory_peak_bytes: 3, cpu_us: 4, ..Usage::default() };
    *usage.imports.get_mut(Import::Log) = ImportUsage { calls: 1, bytes: 9, wall_us: 0 };
    Reply::Ended(Outcome { end, children: Vec::new(), logs, usage })
}

/// Done, with two children.
fn fruitful() -> Reply {
    let job_type: JobType = "email.receipt".parse().unwrap();
    let child = |payload: &'static [u8], delay_s| Child {
        id: JobId::derived(&job_type, "child", Generation(2), Partition(1)),
        job_type: job_type.clone(),
        payload: Bytes::from_static(payload),
        delay: Duration::from_secs(delay_s),
    };
    let mut outcome = Outcome::bare(End::Done { output: Bytes::from_static(b"output") });
    outcome.children = vec![child(b"one", 0), child(b"two\n", 60)];
    Reply::Ended(outcome)
}

fn replies() -> Vec<Reply> {
    let stopped = |stop| ended(End::Stopped { stop, message: "why".into() });
    let stops = [
        Stop::Trap,
        Stop::Fuel,
        Stop::Timeout,
        Stop::Memory,
        Stop::Output,
        Stop::Calls,
        Stop::Host,
        Stop::Interrupted,
    ];
    let mut replies = vec![
        Reply::Ready,
        Reply::Unready("no such module".into()),
        Reply::Started,
        ended(End::Done { output: Bytes::from_static(b"{\n}") }),
        ended(End::Retry { message: "later".into(), after: Some(Duration::from_millis(1_250)) }),
        ended(End::Retry { message: "later".into(), after: None }),
        ended(End::Rejected { message: "never".into() }),
        ended(End::Exited { code: 75, message: "busy".into() }),
        fruitful(),
    ];
    replies.extend(stops.map(stopped));
    replies
}

/// The frame without its length, which must be right.
fn body(frame: &[u8]) -> Bytes {
    let (length, body) = frame.split_at(LENGTH_BYTES);
    assert_eq!(u32::from_be_bytes(length.try_into().unwrap()) as usize, body.len());
    Bytes::copy_from_slice(body)
}

#[test]
fn a_request_is_written_as_ever_and_read_back() {
    let bytes = body(&request().to_frame().unwrap());
    assert_eq!(String::from_utf8_lossy(&bytes), include_str!("golden/request.v2"));
    assert!(Request::of(&bytes).unwrap() == request());
}

#[test]
fn replies_are_written_as_ever_and_read_back() {
    let mut text = String::new();
    for reply in replies() {
        let bytes = body(&reply.to_frame().unwrap());
        assert_eq!(Reply::of(&bytes).unwrap(), reply);
        text += &String::from_utf8_lossy(&bytes);
        text.push_str("\n--\n");
    }
    assert_eq!(text, include_str!("golden/replies.v2"));
}

#[test]
fn another_version_is_refused_before_anything_else_is_read() {
    let error = Reply::of(&Bytes::from_static(b"{\"v\":3,\"says\":\"something new\"}\n")).unwrap_err();
    assert!(matches!(error, Garbled::Version(3)), "{error}");
}

#[test]
fn a_frame_that_is_cut_off_is_an_end() {
    let frame = Reply::Ready.to_frame().unwrap();
    for cut in 0..frame.len() {
        assert!(read(&mut &frame[..cut]).unwrap().is_none(), "cut at {cut}");
    }
    assert!(read(&mut frame.as_slice()).unwrap().is_some());
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_not_read() {
    let frame = ended(End::Done { output: vec![0; 5_000].into() }).to_frame().unwrap();
    let error = receive(&mut frame.as_slice(), 4_000).await.unwrap_err();
    assert!(matches!(error, Garbled::TooLong { max: 4_000, .. }), "{error}");
    assert!(receive(&mut frame.as_slice(), 6_000).await.unwrap().is_some());
}
