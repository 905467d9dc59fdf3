//! A TCP stream that gives up on a client that does not read its answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How long a closing connection still reads, so that the client gets to see the answer: closing with bytes unread
/// would reset the connection, and the answer with it.
const LINGER: Duration = Duration::from_secs(2);

/// A stream whose writes may stall for a limited time.
pub(crate) struct Stream {
    tcp: TcpStream,
    stall: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    stalled: bool,
}

impl Stream {
    pub(crate) fn new(tcp: TcpStream, stall: Duration) -> Self {
        Self { tcp, stall, timer: None, stalled: false }
    }

    /// Ends the answer and reads what the client still sends, for a while, and throws it away.
    pub(crate) async fn linger(mut self) {
        if self.tcp.shutdown().await.is_err() {
            return;
        }
        let mut waste = vec![0; 16 << 10];
        let drain = async { while matches!(self.tcp.read(&mut waste).await, Ok(1..)) {} };
        // Either end is good: the client has closed, or it had its time.
        let _ = tokio::time::timeout(LINGER, drain).await;
    }

    fn poll_stalled<T>(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            self.stalled = false;
            return wrote;
        }
        let deadline = Instant::now() + self.stall;
        let timer = match &mut self.timer {
            Some(timer) => {
                if !self.stalled {
                    timer.as_mut().reset(deadline);
                }
                timer
            }
            None => self.timer.insert(Box::pin(tokio::time::sleep_until(deadline))),
        };
        self.stalled = true;
        timer
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.tcp).poll_write(cx, bytes);
        this.poll_stalled(cx, wrote)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.tcp).poll_write_vectored(cx, slices);
        this.poll_stalled(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}
