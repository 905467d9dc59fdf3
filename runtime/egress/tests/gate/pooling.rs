//! Which connections are used again, by whom, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use wasmill_egress::{Egress, EgressConfig, EgressError, Limits};

use crate::world::{Authority, Server, ok, read_head};
use crate::{egress, get, granting, list, send};

#[tokio::test]
async fn calls_one_after_the_other_use_one_connection() {
    let server = Server::http(|_| ok("hello")).await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    for _ in 0..20 {
        send(&egress.clone(), &list, get(server.url("/"))).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn owners_share_no_connection() {
    let server = Server::http(|_| ok("hello")).await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    for (owner, connections) in [("mail", 1), ("billing", 2), ("mail", 2), ("billing", 2)] {
        send(&egress, &list.clone().owned_by(owner), get(server.url("/"))).await.unwrap();
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn a_list_without_the_grant_finds_no_connection() {
    let server = Server::http(|_| ok("hello")).await;
    let egress = egress(Limits::default());
    send(&egress, &granting(&server), get(server.url("/"))).await.unwrap();
    let other = list(&["https://api.example.com"]);
    let result = send(&egress, &other, get(server.url("/"))).await;
    assert!(matches!(result, Err(EgressError::Denied { .. })), "{result:?}");
}

#[tokio::test]
async fn a_connection_that_was_closed_is_replaced_unnoticed() {
    let closed = Arc::new(Notify::new());
    let notify = Arc::clone(&closed);
    let server = Server::raw(move |mut stream| {
        let notify = Arc::clone(&notify);
        async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            drop(stream);
            notify.notify_one();
        }
    })
    .await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    for connections in 1..=5 {
        send(&egress, &list, get(server.url("/"))).await.unwrap();
        closed.notified().await;
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_seen_is_not_sent_twice() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let server = Server::raw(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            // Answers the first request of a connection, and closes on reading the second.
            for answer in [&b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..], b""] {
                read_head(&mut stream).await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                stream.write_all(answer).await.unwrap();
            }
        }
    })
    .await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    send(&egress, &list, get(server.url("/"))).await.unwrap();
    let result = send(&egress, &list, get(server.url("/"))).await;
    assert!(matches!(result, Err(EgressError::Failed { .. })), "{result:?}");
    assert_eq!((seen.load(Ordering::SeqCst), server.connections()), (2, 1));
}

#[tokio::test]
async fn a_second_response_to_one_request_is_met_by_nobody() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrueHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    )
    .await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    for connections in 1..=3 {
        assert_eq!(send(&egress, &list, get(server.url("/"))).await.unwrap().body, "true");
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn a_connection_with_an_unread_response_is_not_used_again() {
    let server =
        Server::http(|request| ok(vec![b'x'; if request.uri() == "/large" { 5000 } else { 10 }])).await;
    let (egress, list) =
        (egress(Limits { response_body_bytes: 100, ..Limits::default() }), granting(&server));
    send(&egress, &list, get(server.url("/large"))).await.unwrap_err();
    assert_eq!(send(&egress, &list, get(server.url("/"))).await.unwrap().body.len(), 10);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_owner_keeps_no_more_connections_than_it_may() {
    let servers = [Server::http(|_| ok("a")).await, Server::http(|_| ok("b")).await];
    let egress = egress(Limits { idle_connections_per_owner: 1, ..Limits::default() });
    let list = list(&[&servers[0].url(""), &servers[1].url("")]);
    for place in [0, 1, 1, 0] {
        send(&egress, &list, get(servers[place].url("/"))).await.unwrap();
    }
    assert_eq!(servers[0].connections(), 2, "its connection gave way to the other server's");
    assert_eq!(servers[1].connections(), 1);
}

#[tokio::test]
async fn an_unused_connection_is_closed_when_its_time_is_over() {
    let closed = Arc::new(Notify::new());
    let notify = Arc::clone(&closed);
    let server = Server::raw(move |mut stream| {
        let notify = Arc::clone(&notify);
        async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            assert!(read_head(&mut stream).await.is_none());
            notify.notify_one();
        }
    })
    .await;
    let egress = egress(Limits { idle_timeout: Duration::from_millis(50), ..Limits::default() });
    send(&egress, &granting(&server), get(server.url("/"))).await.unwrap();
    closed.notified().await;
}

#[tokio::test]
async fn calls_over_http2_share_one_connection() {
    let authority = Authority::new();
    let server = Server::https(&authority, &["127.0.0.1"], "h2", |request| {
        assert!(!request.headers().contains_key("host"));
        ok(format!("{:?} {}", request.version(), request.uri()))
    })
    .await;
    let config = EgressConfig { extra_roots: vec![authority.pem.clone()], ..EgressConfig::default() };
    let egress = Egress::new(config).unwrap();
    let origin = format!("https://{}", server.address);
    let list = list(&[&origin]);
    let first = send(&egress, &list, get(format!("{origin}/a"))).await.unwrap();
    assert_eq!(first.body, format!("HTTP/2.0 {origin}/a"));
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (egress, list, origin) = (egress.clone(), list.clone(), origin.clone());
            tokio::spawn(async move { send(&egress, &list, get(origin)).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().status, 200);
    }
    assert_eq!(server.connections(), 1);
}
