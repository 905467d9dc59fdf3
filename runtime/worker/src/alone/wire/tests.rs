//! The frames between worker and child, against golden files: both ends of a pipe must mean the same.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_job::{Generation, JobId, LogLevel, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs};

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
    Request { module: ModuleDigest::of(b"module"), job, attempt: Attempt(2), max_attempts: 10, limits }
}

fn ended(end: End) -> Reply {
    let logs = vec![LogLine { level: LogLevel::Warn, message: "two \"words\"".into(), at_ms: 7 }];
    Reply::Ended(Outcome { end, logs, usage: Usage { fuel: 1, wall_us: 2, memory_peak_bytes: 3 } })
}

fn replies() -> Vec<Reply> {
    let stopped = |stop| ended(End::Stopped { stop, message: "why".into() });
    let stops =
        [Stop::Trap, Stop::Fuel, Stop::Timeout, Stop::Memory, Stop::Output, Stop::Host, Stop::Interrupted];
    let mut replies = vec![
        Reply::Ready,
        Reply::Started,
        ended(End::Done { output: Bytes::from_static(b"{\n}") }),
        ended(End::Retry { message: "later".into(), after: Some(Duration::from_millis(1_250)) }),
        ended(End::Retry { message: "later".into(), after: None }),
        ended(End::Rejected { message: "never".into() }),
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
    assert_eq!(String::from_utf8_lossy(&bytes), include_str!("golden/request.v1"));
    assert_eq!(Request::of(&bytes).unwrap(), request());
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
    assert_eq!(text, include_str!("golden/replies.v1"));
}

#[test]
fn another_version_is_refused_before_anything_else_is_read() {
    let error = Reply::of(&Bytes::from_static(b"{\"v\":2,\"says\":\"something new\"}\n")).unwrap_err();
    assert!(matches!(error, Garbled::Version(2)), "{error}");
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
