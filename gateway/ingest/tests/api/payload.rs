//! What arrives in the log is what the caller sent, byte for byte, with the right envelope around it.

use wasmill_job::{IdKind, Mode, Path, Revision};

use crate::world::World;

#[tokio::test]
async fn payload_bytes_are_untouched() {
    let world = World::new().await;
    let payloads = [
        "null",
        "\"<>&/é\\u00e9\\/\\ud83d\\ude00\"",
        "1e400",
        "-0.0",
        "{\"a\":1,\"a\":2}",
        "12345678901234567890123",
        "{ \"a\" :\t[ 1 ,\r\n 2 ] }",
        "\"\\ud800\"",
    ];
    for (index, payload) in payloads.iter().enumerate() {
        let body = format!(
            "{{ \"type\" : \"hello\", \"idempotency_key\": \"{index}\", \"payload\" :  {payload}  }}"
        );
        world.post(body).await.id();
    }
    let mut jobs = world.jobs().await;
    jobs.sort_by_key(|job| job.idempotency_key.clone());
    let stored: Vec<_> = jobs.iter().map(|job| std::str::from_utf8(&job.payload).unwrap()).collect();
    assert_eq!(stored, payloads);

    // In a batch a payload cannot hold a line feed outside a string; the rest is the same.
    let lines: String =
        payloads.iter().map(|payload| payload.replace("\r\n", "\r")).fold(String::new(), |lines, payload| {
            format!("{lines}{{\"type\":\"email.welcome\",\"payload\":{payload}}}\r\n")
        });
    assert!(world.post_lines(lines).await.lines().iter().all(|line| line["id"].is_string()));
    let jobs = world.jobs().await;
    let mut stored: Vec<_> = jobs.iter().filter(|job| job.job_type.as_str() == "email.welcome").collect();
    stored.sort_by_key(|job| job.id);
    let stored: Vec<_> =
        stored.iter().map(|job| std::str::from_utf8(&job.payload).unwrap().to_owned()).collect();
    assert_eq!(stored, payloads.map(|payload| payload.replace("\r\n", "\r")));
    world.end().await;
}

#[tokio::test]
async fn no_payload_is_no_bytes_and_an_event_is_any_bytes() {
    let world = World::new().await;
    world.post("{\"type\":\"hello\"}").await.id();
    let event = [
        ("ce-specversion", "1.0"),
        ("ce-type", "hello"),
        ("ce-source", "/camera"),
        ("content-type", "image/png"),
    ];
    let picture: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    world.call("POST", "/v1/jobs", &event, picture.clone()).await.id();
    world.call("POST", "/v1/jobs", &event[..3], "").await.id();
    let mut payloads: Vec<_> = world.jobs().await.into_iter().map(|job| job.payload).collect();
    payloads.sort();
    assert_eq!(payloads, [&[][..], &[], &picture]);
    world.end().await;
}

#[tokio::test]
async fn the_envelope_says_where_the_job_comes_from() {
    let world = World::new().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers =
        [("content-type", "application/json"), ("traceparent", trace), ("idempotency-key", "\"k 1\"")];
    let answer = world.call("POST", "/v1/jobs", &headers, "{\"type\":\"hello\",\"payload\":1}").await;
    let json = answer.json();
    assert_eq!(json["stored"], "fsync");
    let records = world.records().await;
    let [(position, wasmill_job::wire::Record::Job(job))] = &records[..] else { panic!("{records:?}") };
    assert_eq!(json["receipt"], *position);
    assert_eq!(json["id"], job.id.to_string());
    assert!(position.starts_with(&format!("wasmill.q.default.1/{}/", job.id.partition())), "{position}");
    assert_eq!(job.id.generation().0, 1);
    assert_eq!(job.id.kind(), IdKind::Derived);
    assert_eq!(job.idempotency_key.as_deref(), Some("k 1"));
    assert_eq!(job.traceparent.as_deref(), Some(trace));
    assert_eq!((job.stamp.revision, job.stamp.path, job.stamp.mode), (Revision(7), Path::Log, Mode::Live));
    assert_eq!(job.redrives, 0);

    let broken = [("content-type", "application/json"), ("traceparent", "nonsense")];
    world.call("POST", "/v1/jobs", &broken, "{\"type\":\"small\"}").await.id();
    let jobs = world.jobs().await;
    let plain = jobs.iter().find(|job| job.job_type.as_str() == "small").unwrap();
    assert_eq!((plain.traceparent.as_deref(), plain.id.kind()), (None, IdKind::Ordered));
    world.end().await;
}
