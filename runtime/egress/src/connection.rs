//! One connection that speaks HTTP/1.1 or HTTP/2, and what ends with it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;

use crate::config::Limits;
use crate::error::EgressError;
use crate::headers::response_too_large;
use crate::outgoing::Outgoing;

/// A connection; whoever holds it may send. It is closed when the last holder lets go.
pub(crate) enum Connection {
    /// One request at a time.
    Http1 { sender: http1::SendRequest<Full<Bytes>>, task: Task },
    /// Many at once.
    Http2 { sender: http2::SendRequest<Full<Bytes>>, task: Arc<Task> },
}

/// Which protocol was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// The task that drives a connection; it ends with its last holder, whatever the server is doing then.
pub(crate) struct Task(AbortHandle);

/// Why there is no response.
pub(crate) enum SendFailure {
    /// Not a byte was sent: the connection had been closed before.
    Unsent,
    /// The server may have seen the request.
    Failed(EgressError),
}

/// HTTP/1.1 connections read at least into a buffer of this size; hyper insists.
const BUFFER_BYTES_MIN: usize = 8192;
/// What a server of HTTP/2 may send ahead of what has been read: per response, and per connection.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// How long a connection may take from the end of a response until it can be used again, before it is closed instead.
/// Nothing but the task's turn lies between, unless the server left a request unread.
const READY_WITHIN: Duration = Duration::from_millis(100);

impl Connection {
    pub(crate) async fn open<S>(stream: S, protocol: Protocol, limits: &Limits) -> Result<Self, EgressError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        match protocol {
            Protocol::Http1 => {
                let header_bytes = usize::try_from(limits.header_bytes).unwrap_or(usize::MAX);
                let mut builder = http1::Builder::new();
                builder.max_headers(limits.header_count).max_buf_size(header_bytes.max(BUFFER_BYTES_MIN));
                let (sender, driver) =
                    builder.handshake(stream).await.map_err(|error| failure(&error, limits))?;
                Ok(Self::Http1 { sender, task: Task(tokio::spawn(driver).abort_handle()) })
            }
            Protocol::Http2 => {
                let mut builder = http2::Builder::new(TokioExecutor::new());
                builder
                    .initial_stream_window_size(STREAM_WINDOW_BYTES)
                    .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
                    .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
                let (sender, driver) =
                    builder.handshake(stream).await.map_err(|error| failure(&error, limits))?;
                Ok(Self::Http2 { sender, task: Arc::new(Task(tokio::spawn(driver).abort_handle())) })
            }
        }
    }

    /// Sends once. Resolves with the response's header.
    pub(crate) async fn send(
        &mut self,
        outgoing: &Outgoing,
        limits: &Limits,
    ) -> Result<http::Response<Incoming>, SendFailure> {
        let sent = match self {
            Self::Http1 { sender, .. } => {
                let request = outgoing.for_http1().map_err(SendFailure::Failed)?;
                sender.ready().await.map_err(|_| SendFailure::Unsent)?;
                sender.try_send_request(request).await
            }
            Self::Http2 { sender, .. } => {
                let request = outgoing.for_http2().map_err(SendFailure::Failed)?;
                sender.ready().await.map_err(|_| SendFailure::Unsent)?;
                sender.try_send_request(request).await
            }
        };
        sent.map_err(|error: TrySendError<_>| match error.message() {
            Some(_) => SendFailure::Unsent,
            None => SendFailure::Failed(failure(error.error(), limits)),
        })
    }

    /// Another holder of a connection that serves many calls at once.
    pub(crate) fn share(&self) -> Option<Self> {
        match self {
            Self::Http1 { .. } => None,
            Self::Http2 { sender, task } => {
                Some(Self::Http2 { sender: sender.clone(), task: Arc::clone(task) })
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Http1 { sender, task } => sender.is_closed() || task.is_over(),
            Self::Http2 { sender, task } => sender.is_closed() || task.is_over(),
        }
    }

    /// Whether another request may be sent after a whole response.
    pub(crate) async fn is_reusable(&mut self) -> bool {
        match self {
            Self::Http1 { sender, .. } => {
                matches!(tokio::time::timeout(READY_WITHIN, sender.ready()).await, Ok(Ok(())))
            }
            Self::Http2 { .. } => !self.is_closed(),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Http1 { .. } => "Connection(HTTP/1.1)",
            Self::Http2 { .. } => "Connection(HTTP/2)",
        })
    }
}

impl Task {
    fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What went wrong on a connection, with its causes. hyper's texts hold neither headers nor bodies.
pub(crate) fn failure(error: &hyper::Error, limits: &Limits) -> EgressError {
    // hyper tells clients so by this text alone.
    if error.is_parse() && error.to_string() == "message head is too large" {
        return response_too_large(limits);
    }
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    EgressError::failed(reason)
}
