//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::audit::Peer;
use crate::pace::Paced;
use crate::stream::Stream;
use crate::{HttpConfig, Kind, Problem};

/// The largest head (request line and headers) accepted, in bytes. CloudEvents carry much in headers.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// How much of a body may be buffered per connection before the handler reads it, in bytes.
const READ_BUFFER_BYTES: usize = 128 << 10;

/// Serves one connection until the client closes it, a limit cuts it, or `drain` asks and its last answer is out.
pub(crate) async fn serve_one(tcp: TcpStream, router: Router, config: HttpConfig, drain: CancellationToken) {
    let unread = Arc::new(AtomicBool::new(false));
    let stall = config.stall_timeout();
    // Fails when the other end is gone already; then nobody gets an answer either.
    let peer = tcp.peer_addr().map(Peer).ok();
    let service = {
        let unread = Arc::clone(&unread);
        service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(|body| Body::new(Paced::new(body, stall, Arc::clone(&unread))));
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let mut router = router.clone();
            Box::pin(async move { Ok::<Response<Body>, Infallible>(answer(&mut router, request).await) })
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout())
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(READ_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Stream::new(tcp, stall)), service);

    let served = tokio::select! {
        served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => served,
        () = drain.cancelled() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    if let Err(error) = &served {
        tracing::debug!(%error, "a connection ended early");
    }
    if served.is_err() || unread.load(Ordering::Relaxed) {
        connection.into_parts().io.into_inner().linger().await;
    }
}

async fn answer(router: &mut Router, request: Request<Body>) -> Response<Body> {
    match router.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Answers 503 to a connection too many, without reading what it wants.
pub(crate) async fn refuse_one(tcp: TcpStream, config: HttpConfig) {
    let limit = config.max_connections;
    let detail = format!("All {limit} connections of this gateway are in use: repeat in a second.");
    // A document of strings and numbers always serializes.
    let text = serde_json::to_string(&Problem::new(Kind::Busy, detail).retry_after(1)).unwrap_or_default();
    let whole = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    let mut stream = Stream::new(tcp, config.stall_timeout());
    if stream.write_all(whole.as_bytes()).await.is_ok() {
        stream.linger().await;
    }
}
