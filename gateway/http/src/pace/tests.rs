//! Who is too slow, on a clock that the test turns.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{Instant, sleep};

use super::{Cut, Paced};

const STALL: Duration = Duration::from_secs(10);

/// A body that sends `bytes` bytes each `pause`, `times` times.
fn body(
    bytes: usize,
    pause: Duration,
    times: usize,
) -> StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>>> {
    StreamBody::new(futures_util::stream::unfold(0, move |sent| async move {
        if sent == times {
            return None;
        }
        sleep(pause).await;
        Some((Ok(Frame::data(Bytes::from(vec![0; bytes]))), sent + 1))
    }))
}

async fn read(bytes: usize, pause: Duration, times: usize) -> (Result<usize, Cut>, Duration) {
    let began = Instant::now();
    let paced = Paced::new(Box::pin(body(bytes, pause, times)), STALL, Arc::default());
    (paced.collect().await.map(|all| all.to_bytes().len()), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_steady_body_may_take_its_time() {
    let (read, took) = read(64 << 10, Duration::from_secs(9), 100).await;
    assert_eq!(read.unwrap(), 6_553_600);
    assert_eq!(took.as_secs(), 900);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_ends_it() {
    let (read, took) = read(64 << 10, Duration::from_secs(11), 3).await;
    assert!(matches!(read, Err(Cut::TooSlow { received: 0 })));
    assert_eq!(took, STALL);
}

#[tokio::test(start_paused = true)]
async fn a_drip_ends_when_the_grace_is_over() {
    let (read, took) = read(1, Duration::from_secs(1), 100_000).await;
    assert!(matches!(read, Err(Cut::TooSlow { .. })));
    assert!(took <= Duration::from_secs(31), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn our_own_slowness_is_not_the_clients() {
    let mut paced = Paced::new(Box::pin(body(1, Duration::from_secs(1), 60)), STALL, Arc::default());
    let mut received = 0;
    while let Some(frame) = paced.frame().await {
        received += frame.unwrap().into_data().unwrap().len();
        sleep(Duration::from_secs(3_600)).await;
        if received == 20 {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_dropped_early_is_marked() {
    let unread = Arc::new(AtomicBool::new(false));
    drop(Paced::new(Box::pin(body(1, STALL / 2, 2)), STALL, Arc::clone(&unread)));
    assert!(unread.load(Ordering::Relaxed));
}
