//! The accept loop against real, mostly hostile, TCP clients.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{Budget, Drained, HttpConfig, Problem, finish, read_body, serve};

/// Far more than anything here takes; only a hang reaches it.
const LONG: Duration = Duration::from_secs(30);

struct Gateway {
    address: SocketAddr,
    drain: CancellationToken,
    served: JoinHandle<Drained>,
    /// Lets `GET /wait` answer.
    go: Arc<Notify>,
    /// Rings when `GET /wait` has begun.
    begun: Arc<Notify>,
    /// Rings when the answer of `GET /endless` is dropped.
    dropped: Arc<Notify>,
}

fn impatient() -> HttpConfig {
    HttpConfig {
        header_timeout_ms: 200,
        stall_timeout_ms: 200,
        drain_timeout_ms: 30_000,
        ..HttpConfig::default()
    }
}

struct RingOnDrop(Arc<Notify>);

impl Drop for RingOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn start(config: HttpConfig) -> Gateway {
    let (go, begun, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let wait = {
        let (go, begun) = (Arc::clone(&go), Arc::clone(&begun));
        async move || {
            begun.notify_one();
            go.notified().await;
            "waited"
        }
    };
    let endless = {
        let dropped = Arc::clone(&dropped);
        async move || {
            let ring = RingOnDrop(dropped);
            let piece = Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'x'; 64 << 10]));
            Body::from_stream(futures_util::stream::repeat_with(move || {
                let _ = &ring;
                piece.clone()
            }))
        }
    };
    let swallow = async |body: Body| {
        let whole = read_body(body, 1_000, &mut Budget::new(1 << 20).hold()).await?;
        Ok::<_, Problem>(whole.len().to_string())
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/wait", get(wait))
        .route("/endless", get(endless))
        .route("/swallow", post(swallow));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let drain = CancellationToken::new();
    let served = tokio::spawn(serve(listener, finish(router), config, drain.clone()));
    Gateway { address, drain, served, go, begun, dropped }
}

impl Gateway {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn drained(self) -> Drained {
        self.drain.cancel();
        timeout(LONG, self.served).await.unwrap().unwrap()
    }
}

async fn send(tcp: &mut TcpStream, text: &str) {
    tcp.write_all(text.as_bytes()).await.unwrap();
}

/// Everything until the gateway closes.
async fn to_the_end(tcp: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset is an end as well; what came before it counts.
    let _ = timeout(LONG, tcp.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

/// One answer whose body ends as told, on a connection that stays open.
async fn until(tcp: &mut TcpStream, end: &str) -> String {
    let mut all = String::new();
    let mut byte = [0; 1];
    while !all.ends_with(end) {
        assert_eq!(timeout(LONG, tcp.read(&mut byte)).await.unwrap().unwrap(), 1, "closed after {all:?}");
        all.push(byte[0] as char);
    }
    all
}

#[tokio::test]
async fn a_slow_head_is_cut_off_however_it_drips() {
    let gateway = start(impatient()).await;
    let (mut read, mut write) = gateway.connect().await.into_split();
    let drip = tokio::spawn(async move {
        write.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n").await?;
        loop {
            write.write_all(b"x-drip: y\r\n").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        #[allow(unreachable_code)]
        Ok::<(), std::io::Error>(())
    });
    let mut all = Vec::new();
    let _ = timeout(LONG, read.read_to_end(&mut all)).await.unwrap();
    drip.abort();
    // Silence from the beginning ends the same way.
    assert_eq!(to_the_end(&mut gateway.connect().await).await, "");
    assert_eq!(gateway.drained().await, Drained { cut: 0 });
}

#[tokio::test]
async fn a_body_that_stops_is_answered_408() {
    let gateway = start(impatient()).await;
    let mut tcp = gateway.connect().await;
    send(&mut tcp, "POST /swallow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n12345").await;
    let answer = to_the_end(&mut tcp).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("body-too-slow") && answer.contains("5 bytes of the body came"), "{answer}");
}

#[tokio::test]
async fn a_body_too_large_is_answered_before_the_connection_closes() {
    let gateway = start(HttpConfig::default()).await;
    let mut tcp = gateway.connect().await;
    send(&mut tcp, "POST /swallow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4000000\r\n\r\n").await;
    let (mut read, mut write) = tcp.split();
    let flood = async {
        for _ in 0..1_000 {
            if write.write_all(&[b'x'; 4_000]).await.is_err() {
                break;
            }
        }
        // The connection stays open until the answer has been read.
        std::future::pending::<()>().await;
    };
    let mut all = Vec::new();
    tokio::select! {
        () = flood => {}
        _ = timeout(LONG, read.read_to_end(&mut all)) => {}
    }
    let answer = String::from_utf8_lossy(&all);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"bytes\":4000000"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let gateway = start(impatient()).await;
    let mut tcp = gateway.connect().await;
    send(&mut tcp, "GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    timeout(LONG, gateway.dropped.notified()).await.unwrap();
    drop(tcp);
}

#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let config = HttpConfig { max_connections: NonZeroUsize::MIN, ..HttpConfig::default() };
    let gateway = start(config).await;
    let mut first = gateway.connect().await;
    send(&mut first, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    until(&mut first, "hello").await;
    let answer = to_the_end(&mut gateway.connect().await).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    assert!(answer.contains("urn:wasmill:problem:busy"), "{answer}");
    drop(first);
    // The slot comes back as soon as the gateway has noticed.
    let again = async {
        loop {
            let mut tcp = gateway.connect().await;
            send(&mut tcp, "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
            if to_the_end(&mut tcp).await.ends_with("hello") {
                break;
            }
        }
    };
    timeout(LONG, again).await.unwrap();
}

#[tokio::test]
async fn a_head_too_large_is_refused() {
    let gateway = start(HttpConfig::default()).await;
    let mut tcp = gateway.connect().await;
    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "y".repeat(40 << 10));
    // The gateway may close before all of it is written.
    let _ = tcp.write_all(head.as_bytes()).await;
    assert!(to_the_end(&mut tcp).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_closes_idle_connections() {
    let gateway = start(HttpConfig { drain_timeout_ms: 30_000, ..HttpConfig::default() }).await;
    let mut idle = gateway.connect().await;
    send(&mut idle, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    until(&mut idle, "hello").await;
    let mut busy = gateway.connect().await;
    send(&mut busy, "GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    timeout(LONG, gateway.begun.notified()).await.unwrap();
    gateway.drain.cancel();
    assert_eq!(to_the_end(&mut idle).await, "");
    gateway.go.notify_one();
    let answer = to_the_end(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("waited"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    let address = gateway.address;
    assert_eq!(gateway.drained().await, Drained { cut: 0 });
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_drain_cuts_what_is_not_done_at_its_deadline() {
    let gateway = start(HttpConfig { drain_timeout_ms: 100, ..HttpConfig::default() }).await;
    let mut busy = gateway.connect().await;
    send(&mut busy, "GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    timeout(LONG, gateway.begun.notified()).await.unwrap();
    assert_eq!(gateway.drained().await, Drained { cut: 1 });
    assert_eq!(to_the_end(&mut busy).await, "");
}
