//! Batches: mixed, huge, slow, broken.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::world::{World, read};

/// Far more than anything here takes; only a hang reaches it.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn good_lines_are_stored_and_bad_ones_answered_in_their_place() {
    let world = World::new().await;
    let lines = [
        "{\"type\":\"hello\",\"payload\":1}",
        "",
        "{\"type\":\"helo\"}",
        "not json",
        "{\"type\":\"small\",\"payload\":\"0123456789abcdef\"}",
        "{\"type\":\"hello\",\"run_at\":1}",
        "{\"type\":\"hello\",\"idempotency_key\":\"\"}",
        "{\"type\":\"small\"}",
        "  {\"type\":\"hello\",\"payload\":tru}",
        "{\"type\":\"email.welcome\",\"payload\":{}}",
    ];
    let answer = world.post_lines(lines.join("\n")).await;
    assert_eq!(answer.status, 202);
    let answers = answer.lines();
    let expected: [(u64, Option<&str>); 9] = [
        (1, None),
        (3, Some("unknown-type")),
        (4, Some("malformed-json")),
        (5, Some("payload-too-large")),
        (6, Some("not-built")),
        (7, Some("invalid-field")),
        (8, None),
        (9, Some("malformed-json")),
        (10, None),
    ];
    assert_eq!(answers.len(), expected.len());
    for (answer, (number, problem)) in answers.iter().zip(expected) {
        assert_eq!(answer["line"], number);
        match problem {
            None => assert!(answer["id"].is_string() && answer["receipt"].is_string(), "{answer}"),
            Some(name) => assert_eq!(answer["type"], format!("urn:wasmill:problem:{name}"), "{answer}"),
        }
    }
    assert_eq!((&answers[7]["column"], &answers[7]["byte"]), (&32.into(), &31.into()), "{}", answers[7]);
    let records = world.records().await;
    assert_eq!(records.len(), 3);
    for answer in answers.iter().filter(|answer| answer["id"].is_string()) {
        assert!(records.iter().any(|(position, _)| answer["receipt"] == *position), "{answer}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_batch_of_bad_lines_only_is_answered_line_by_line() {
    let world = World::new().await;
    let answers = world.post_lines("x\ny\n").await.lines();
    assert_eq!(answers.len(), 2);
    assert!(world.records().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_huge_batch_streams() {
    let world = World::new().await;
    const LINES: usize = 30_000;
    let line = format!("{{\"type\":\"hello\",\"payload\":\"{}\"}}\n", "x".repeat(200));
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    let piece = Bytes::from(line.repeat(LINES / 100));
    tokio::spawn(async move {
        for _ in 0..100 {
            sender.send(piece.clone()).await.unwrap();
        }
    });
    let answer = tokio::time::timeout(LONG, read(post_stream(&world, receiver).await)).await.unwrap();
    assert_eq!(answer.status, 202);
    let answers = answer.lines();
    assert_eq!(answers.len(), LINES);
    assert!(
        answers
            .iter()
            .zip(1_u64..)
            .all(|(answer, number)| answer["line"] == number && answer["id"].is_string())
    );
    assert_eq!(world.jobs().await.len(), LINES);
    world.end().await;
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_is_served() {
    let world = World::new().await;
    let body = Bytes::from("{\"type\":\"hello\",\"payload\":null}\n".repeat(30_000));
    let tcp = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let std = tcp.into_std().unwrap();
    std.set_nonblocking(false).unwrap();
    // A plain blocking client: all of the body, then the answer.
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut tcp = std;
        let head = format!(
            "POST /v1/jobs/batch HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        tcp.write_all(head.as_bytes()).unwrap();
        tcp.write_all(&body).unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = tokio::time::timeout(LONG, answer).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{}", &answer[..200]);
    assert_eq!(answer.matches("\"receipt\"").count(), 30_000);
    assert_eq!(world.jobs().await.len(), 30_000);
    world.end().await;
}

#[tokio::test]
async fn the_answer_begins_before_the_body_ends() {
    let world = World::new().await;
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    sender.send(Bytes::from("{\"type\":\"hello\"}\n".repeat(1_000))).await.unwrap();
    let mut response = tokio::time::timeout(LONG, post_stream(&world, receiver)).await.unwrap();
    assert_eq!(response.status(), 202);
    let first = tokio::time::timeout(LONG, response.body_mut().frame()).await.unwrap().unwrap().unwrap();
    let first = first.into_data().unwrap();
    assert!(first.starts_with(b"{\"line\":1,\"id\":\""));
    sender.send(Bytes::from_static(b"{\"type\":\"hello\",\"payload\":\"the last\"}")).await.unwrap();
    drop(sender);
    let mut answer = tokio::time::timeout(LONG, read(response)).await.unwrap();
    answer.body = [first, answer.body].concat().into();
    let lines = answer.lines();
    assert_eq!((lines.len(), &lines[1_000]["line"]), (1_001, &1_001.into()));
    assert_eq!(world.jobs().await.len(), 1_001);
    world.end().await;
}

#[tokio::test]
async fn a_line_too_long_is_refused_and_the_next_is_stored() {
    let world = World::new().await;
    let long = "x".repeat(2 << 20);
    let lines = format!("{{\"type\":\"hello\"}}\n{long}\n{{\"type\":\"hello\"}}");
    let answers = world.post_lines(lines).await.lines();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[1]["type"], "urn:wasmill:problem:body-too-large");
    assert!(answers[0]["id"].is_string() && answers[2]["id"].is_string());
    world.end().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_what_was_answered() {
    let world = World::new().await;
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    sender.send(Bytes::from("{\"type\":\"hello\"}\n".repeat(1_500))).await.unwrap();
    let mut response = tokio::time::timeout(LONG, post_stream(&world, receiver)).await.unwrap();
    let mut answered = 0;
    while answered < 1_000 {
        let frame = tokio::time::timeout(LONG, response.body_mut().frame()).await.unwrap().unwrap().unwrap();
        answered += frame.into_data().unwrap().iter().filter(|byte| **byte == b'\n').count();
    }
    drop(response);
    drop(sender);
    let stored = world.jobs().await.len();
    assert!((1_000..=1_500).contains(&stored), "{stored}");
    world.end().await;
}

async fn post_stream(world: &World, pieces: mpsc::Receiver<Bytes>) -> hyper::Response<hyper::body::Incoming> {
    let stream = futures_util::stream::unfold(pieces, |mut pieces| async {
        pieces.recv().await.map(|piece| (Ok::<_, std::io::Error>(Frame::data(piece)), pieces))
    });
    let request = Request::post("/v1/jobs/batch")
        .header("host", "localhost")
        .header("content-type", "application/x-ndjson")
        .body(StreamBody::new(stream).boxed_unsync())
        .unwrap();
    let mut client = world.connect().await;
    client.send_request(request).await.unwrap()
}
