//! Back-pressure: what does not fit is refused at once, and fits again afterwards.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wasmill_http::HttpConfig;
use wasmill_ingest::IngestConfig;

use crate::world::World;

#[tokio::test]
async fn a_full_buffer_refuses_at_once() {
    let world = World::with(IngestConfig { buffer_bytes: 100_000 }, HttpConfig::default()).await;
    // A request that holds most of the buffer and does not end.
    let mut holder = TcpStream::connect(world.address).await.unwrap();
    let head = "POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 90000\r\n\r\n";
    holder.write_all(head.as_bytes()).await.unwrap();
    let body = format!("{{\"type\":\"hello\",\"payload\":\"{}\"}}", "x".repeat(90_000 - 29));
    assert_eq!(body.len(), 90_000);
    holder.write_all(&body.as_bytes()[..89_999]).await.unwrap();

    let refused = async {
        loop {
            let answer =
                world.post(format!("{{\"type\":\"hello\",\"payload\":\"{}\"}}", "y".repeat(20_000))).await;
            if answer.status != 202 {
                break answer;
            }
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(30), refused).await.unwrap();
    refused.problem(503, "busy");
    assert_eq!(refused.headers["retry-after"], "1");
    let lines = format!("{{\"type\":\"hello\",\"payload\":\"{}\"}}\n", "z".repeat(20_000));
    world.post_lines(lines.clone()).await.problem(503, "busy");
    world.post("{\"type\":\"hello\"}").await.id();

    holder.write_all(&body.as_bytes()[89_999..]).await.unwrap();
    let mut answer = String::new();
    holder.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert_eq!(world.post_lines(lines).await.status, 202);
    world.end().await;
}

#[tokio::test]
async fn a_batch_that_stops_is_answered_408() {
    let http = HttpConfig { stall_timeout_ms: 200, ..HttpConfig::default() };
    let world = World::with(IngestConfig::default(), http).await;
    let mut tcp = TcpStream::connect(world.address).await.unwrap();
    let head = "POST /v1/jobs/batch HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n{\"type\":\"hello\"}\n";
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(world.records().await.is_empty());
    world.end().await;
}
