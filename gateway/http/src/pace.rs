//! A request's body, timed: a client that stops, or drips, is cut off. Only the time the gateway waits for the client
//! counts; while the gateway itself is busy the clock stands.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// After this much waiting a body must have come at [`RATE_MIN`] on average. Long enough for any hiccup of a network.
const GRACE: Duration = Duration::from_secs(30);

/// Bytes per second. Slower than any link that works, faster than a drip that holds a connection for hours.
const RATE_MIN: u64 = 4 << 10;

/// A body that ends with an error when the client is too slow.
pub(crate) struct Paced<B: Body> {
    body: B,
    stall: Duration,
    received: u64,
    waited: Duration,
    /// Since when the client is being waited for.
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Set when the body is dropped before its end, so that the connection knows that bytes may still come.
    unread: Arc<AtomicBool>,
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    #[error("the client sent {received} bytes of the body and then was too slow")]
    TooSlow { received: u64 },
    #[error(transparent)]
    Broken(Box<dyn Error + Send + Sync>),
}

impl<B: Body> Paced<B> {
    pub(crate) fn new(body: B, stall: Duration, unread: Arc<AtomicBool>) -> Self {
        Self { body, stall, received: 0, waited: Duration::ZERO, since: None, timer: None, unread }
    }

    /// When the client's patience with us, or ours with it, is over.
    fn deadline(&self, now: Instant) -> Instant {
        let earned = Duration::from_secs(self.received / RATE_MIN);
        now + self.stall.min((GRACE + earned).saturating_sub(self.waited))
    }

    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.since.is_none() {
            let now = Instant::now();
            let deadline = self.deadline(now);
            self.since = Some(now);
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(deadline),
                None => self.timer = Some(Box::pin(tokio::time::sleep_until(deadline))),
            }
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(since) = this.since.take() {
                    this.waited += since.elapsed();
                }
                if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
                    this.received += data.map_or(0, Bytes::len) as u64;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(|error| Cut::Broken(error.into()))))
            }
            Poll::Pending => {
                ready!(this.poll_too_slow(cx));
                Poll::Ready(Some(Err(Cut::TooSlow { received: this.received })))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body> Drop for Paced<B> {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.unread.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
