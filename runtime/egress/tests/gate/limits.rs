//! How much, and how long.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use wasmill_egress::{Allowance, EgressError, Limits, Part, Request, Spent};

use crate::world::{Server, ok, read_head};
use crate::{LONG, egress, get, granting, plenty, send, with_header};

const SHORT: Duration = Duration::from_millis(200);

fn small() -> Limits {
    Limits {
        url_bytes: 200,
        header_count: 20,
        header_bytes: 1000,
        request_body_bytes: 100,
        response_body_bytes: 1000,
        ..Limits::default()
    }
}

fn too_large(result: Result<wasmill_egress::Response, EgressError>) -> (Part, u64) {
    match result {
        Err(EgressError::TooLarge { part, limit }) => (part, limit),
        other => panic!("expected too large, got {other:?}"),
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n").await;
    let result = send(&egress(small()), &granting(&server), get(server.url("/"))).await;
    assert_eq!(too_large(result), (Part::ResponseBody, 1000));
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_the_limit_and_the_connection_is_closed() {
    let closed = Arc::new(Notify::new());
    let notify = Arc::clone(&closed);
    let server = Server::raw(move |mut stream| {
        let notify = Arc::clone(&notify);
        async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head).await.unwrap();
            while stream.write_all(b"10\r\n0123456789abcdef\r\n").await.is_ok() {}
            notify.notify_one();
        }
    })
    .await;
    let mut allowance = plenty();
    let before = allowance.bytes_left();
    let result = egress(small()).send(&granting(&server), get(server.url("/")), &mut allowance, LONG).await;
    assert_eq!(too_large(result), (Part::ResponseBody, 1000));
    // hyper reads ahead by its buffer, no further.
    assert!(before - allowance.bytes_left() < 64 << 10);
    closed.notified().await;
}

#[tokio::test]
async fn a_body_that_never_ends_runs_into_the_timeout() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123").await;
    let result = egress(small()).send(&granting(&server), get(server.url("/")), &mut plenty(), SHORT).await;
    assert_eq!(result, Err(EgressError::Timeout { after: SHORT }));
}

#[tokio::test]
async fn a_silent_server_runs_into_the_lesser_timeout() {
    let server = Server::saying("").await;
    let limits = Limits { call_timeout: SHORT, ..small() };
    let result = egress(limits).send(&granting(&server), get(server.url("/")), &mut plenty(), LONG).await;
    assert_eq!(result, Err(EgressError::Timeout { after: SHORT }));
    let none = Duration::ZERO;
    let result = egress(small()).send(&granting(&server), get(server.url("/")), &mut plenty(), none).await;
    assert_eq!(result, Err(EgressError::Timeout { after: none }));
}

#[tokio::test]
async fn header_bombs_are_refused() {
    let many = "a: b\r\n".repeat(5000);
    let just_too_many = "a: b\r\n".repeat(21);
    let large = format!("a: {}\r\n", "b".repeat(100_000));
    let just_too_large = format!("a: {}\r\n", "b".repeat(2000));
    for fields in [many, just_too_many, large, just_too_large] {
        let server = Server::saying(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")).await;
        let result = send(&egress(small()), &granting(&server), get(server.url("/"))).await;
        assert_eq!(too_large(result), (Part::ResponseHeaders { fields_max: 20 }, 1000));
    }
}

#[tokio::test]
async fn endless_headers_and_endless_interim_responses_come_to_an_end() {
    for (first, forever) in [("HTTP/1.1 200 OK\r\n", "a: b\r\n"), ("", "HTTP/1.1 103 Early Hints\r\n\r\n")] {
        let server = Server::raw(move |mut stream| async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(first.as_bytes()).await;
            while stream.write_all(forever.as_bytes()).await.is_ok() {}
        })
        .await;
        let result =
            egress(small()).send(&granting(&server), get(server.url("/")), &mut plenty(), SHORT).await;
        assert!(
            matches!(result, Err(EgressError::TooLarge { .. } | EgressError::Timeout { .. })),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn a_compressed_body_stays_compressed() {
    // Begins like gzip; whatever it is, it comes through as it is.
    let body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xec\xc1\x01\x0d\x00\x00\x00\xc2\xa0\xf7Om\x0e7";
    let server = Server::http(move |request| {
        assert!(!request.headers().contains_key("accept-encoding"));
        let mut response = ok(&body[..]);
        response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        response
    })
    .await;
    let response = send(&egress(small()), &granting(&server), get(server.url("/"))).await.unwrap();
    assert_eq!(&response.body[..], body);
}

#[tokio::test]
async fn requests_over_a_limit_are_not_sent() {
    let server = Server::http(|_| ok("hello")).await;
    let (egress, list) = (egress(small()), granting(&server));
    let url = get(server.url(&format!("/{}", "a".repeat(200))));
    assert_eq!(too_large(send(&egress, &list, url).await), (Part::Url, 200));
    let body = Request { method: "POST".into(), body: vec![0; 101].into(), ..get(server.url("/")) };
    assert_eq!(too_large(send(&egress, &list, body).await), (Part::RequestBody, 100));
    let text = Request { headers: with_header("a", &"b".repeat(1000)), ..get(server.url("/")) };
    let (part, _) = too_large(send(&egress, &list, text).await);
    assert_eq!(part, Part::RequestHeaders { fields_max: 20 });
    let count = Request { headers: vec![with_header("a", "b").remove(0); 21], ..get(server.url("/")) };
    let (part, _) = too_large(send(&egress, &list, count).await);
    assert_eq!(part, Part::RequestHeaders { fields_max: 20 });
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn calls_and_bytes_of_an_attempt_are_counted() {
    let server = Server::http(|_| ok(vec![b'x'; 500])).await;
    let (egress, list) = (egress(small()), granting(&server));
    let mut allowance = Allowance::new(3, 2000);
    let refused = egress.send(&list, get("http://127.0.0.1:1/"), &mut allowance, LONG).await;
    assert!(matches!(refused, Err(EgressError::Denied { .. })));
    assert_eq!(allowance, Allowance::new(3, 2000), "a call that was never made costs nothing");

    egress.send(&list, get(server.url("/")), &mut allowance, LONG).await.unwrap();
    assert_eq!(allowance.calls_left(), 2);
    assert!(allowance.bytes_left() < 1500, "{allowance:?}");

    let mut few = Allowance::new(3, 300);
    let spent = egress.send(&list, get(server.url("/")), &mut few, LONG).await;
    assert_eq!(spent, Err(EgressError::Spent(Spent::Bytes)));
    assert_eq!(few.bytes_left(), 0);

    let mut none = Allowance::new(0, 2000);
    let spent = egress.send(&list, get(server.url("/")), &mut none, LONG).await;
    assert_eq!(spent, Err(EgressError::Spent(Spent::Calls)));
}
