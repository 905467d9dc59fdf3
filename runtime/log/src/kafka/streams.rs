//! Reading: from a partition's stream where the reader goes on, beside it where somebody looks something up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::{timeout, timeout_at};
use wasmill_job::{Offset, TopicPartition};

use super::KafkaConfig;
use super::meta::Reader;
use super::stray::Strays;
use super::stream::{Pumped, Stream};
use super::telemetry;
use crate::{Bounds, ReadError, Stored};

/// All streams of this process.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) reader: Reader,
    strays: Strays,
    lanes: Mutex<HashMap<TopicPartition, Arc<Lane>>>,
    /// Counts what this process has appended, so that an end that was seen before is not taken for the end.
    pub(super) appends: AtomicU64,
    closed: AtomicBool,
    swept: Mutex<Instant>,
}

struct Lane {
    stream: AsyncMutex<Option<Stream>>,
    /// Grows when the stream's queue is not empty any more.
    news: watch::Sender<u64>,
}

/// A read that takes longer than this fails, and may be tried again.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// How long records are waited for before the brokers are asked where the end is.
const GRACE: Duration = Duration::from_millis(2);
/// How old the knowledge of an end may be, as far as other processes' records are concerned.
const END_KNOWN_FOR: Duration = Duration::from_millis(100);
/// A partition whose last offsets hold nothing for readers ends when the client says so once more, asked anew after this.
const TAIL_EMPTY_AFTER: Duration = Duration::from_secs(1);
/// A waiting reader looks again so often, whatever happens.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A bite smaller than this, away from where the stream is, is a look-up and moves no stream, until it goes on.
const LOOK_UP_BYTES: usize = 64 << 10;
/// A stream that nobody has read for so long is given up.
const IDLE_AFTER: Duration = Duration::from_secs(60);

impl Streams {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        Self {
            reader: Reader::new(config),
            strays: Strays::new(config),
            lanes: Mutex::default(),
            appends: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            swept: Mutex::new(Instant::now()),
        }
    }

    /// The records from `offset` on.
    pub(super) async fn read(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        self.sweep().await;
        let until = Instant::now() + READ_WITHIN;
        let lane = self.lane(from);
        let mut slot = lane.stream.lock().await;
        let stream = self.opened(&mut slot, from, &lane)?;
        stream.used = Instant::now();
        let goes_on = stream.strayed_to == Some(offset);
        if bytes_max < LOOK_UP_BYTES && !goes_on && !stream.covers(offset) {
            drop(slot);
            return self.stray(&lane, from, offset, bytes_max).await;
        }
        if !stream.covers(offset) {
            stream.start(offset)?;
        }
        let read = self.follow(stream, &lane, from, offset, bytes_max, until).await;
        if read.is_err() {
            stream.stop();
        }
        if let Ok(records) = &read {
            telemetry::read(records.len(), records.iter().map(size).sum());
        }
        read
    }

    /// Reads on in the stream.
    async fn follow(
        &self,
        stream: &mut Stream,
        lane: &Lane,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
        until: Instant,
    ) -> Result<Vec<Stored>, ReadError> {
        let mut news = lane.news.subscribe();
        let (mut high, mut asked_anew) = (None, false);
        let waited_since = Instant::now();
        loop {
            let records = stream.take(offset, bytes_max);
            if !records.is_empty() {
                return Ok(records);
            }
            if self.closed.load(Ordering::SeqCst) {
                return Err(ReadError::Closed);
            }
            news.borrow_and_update();
            match stream.pump(bytes_max)? {
                Pumped::Some(0) => {}
                Pumped::Some(_) => continue,
                Pumped::OutOfRange => {
                    let Bounds { first, next } = self.reader.bounds(from).await?;
                    let had_begun = stream.has_proved();
                    stream.stop();
                    if offset < first {
                        return Err(ReadError::Gone { of: from.clone(), asked: offset, first });
                    }
                    if offset >= next {
                        return Ok(Vec::new());
                    }
                    if !had_begun {
                        stream.start(offset)?;
                        continue;
                    }
                    // Whoever reads on has to ask first whether this is still the log that was read.
                    let reason =
                        format!("{from} was cut, or is another log than it was: it is looked at anew");
                    return Err(ReadError::Unavailable { reason });
                }
            }
            let appends = self.appends.load(Ordering::SeqCst);
            let known = stream.end_seen;
            if known.is_some_and(|(at, before)| at.elapsed() < END_KNOWN_FOR && before == appends) {
                return Ok(Vec::new());
            }
            if high.is_none() {
                if timeout(GRACE, news.changed()).await.is_ok() {
                    continue;
                }
                let asked_at = Instant::now();
                let Bounds { first, next } = self.reader.bounds(from).await?;
                if offset < first {
                    return Err(ReadError::Gone { of: from.clone(), asked: offset, first });
                }
                if offset >= next {
                    stream.end_seen = Some((asked_at, appends));
                    return Ok(Vec::new());
                }
                high = Some(next);
                continue;
            }
            if stream.at_end && waited_since.elapsed() > TAIL_EMPTY_AFTER {
                if asked_anew {
                    return Ok(Vec::new());
                }
                // It may have said so before the newest records were appended, and says it only once of each place.
                stream.start(offset)?;
                asked_anew = true;
            }
            if Instant::now() >= until {
                let reason = format!("nothing of {from} came within {} s", READ_WITHIN.as_secs());
                return Err(ReadError::Unavailable { reason });
            }
            // An error means that nothing came; it is looked again all the same.
            let _ = timeout_at((Instant::now() + LOOK_AGAIN).min(until).into(), news.changed()).await;
        }
    }

    /// Looks something up without moving the stream.
    async fn stray(
        &self,
        lane: &Lane,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        telemetry::strayed();
        let Bounds { first, next } = self.reader.bounds(from).await?;
        if offset < first {
            return Err(ReadError::Gone { of: from.clone(), asked: offset, first });
        }
        if offset >= next {
            return Ok(Vec::new());
        }
        let records = self.strays.read(from, offset, bytes_max).await?;
        if let (Some(last), Some(stream)) = (records.last(), &mut *lane.stream.lock().await) {
            stream.strayed_to = Some(last.offset.next());
        }
        Ok(records)
    }

    /// Resolves when the partition may hold a record at or after `offset`.
    pub(super) async fn arrived(&self, at: &TopicPartition, offset: Offset) {
        let lane = self.lane(at);
        let mut news = lane.news.subscribe();
        let wait = async {
            // What wakes may be the client saying that the end is reached.
            while !self.may_have(&lane, at, offset).await && news.changed().await.is_ok() {}
        };
        // Both ends mean the same: look again.
        let _ = timeout(LOOK_AGAIN, wait).await;
    }

    /// Whether a record at or after `offset` may lie there already. Starts the stream if nobody has yet.
    async fn may_have(&self, lane: &Lane, at: &TopicPartition, offset: Offset) -> bool {
        let mut slot = lane.stream.lock().await;
        if self.closed.load(Ordering::SeqCst) {
            return true;
        }
        let Ok(stream) = self.opened(&mut slot, at, lane) else { return false };
        stream.used = Instant::now();
        if !stream.is_live() && stream.start(offset).is_err() {
            return false;
        }
        if offset >= stream.next() && !matches!(stream.pump(LOOK_UP_BYTES), Ok(Pumped::Some(_))) {
            // The next read meets it again, and says what is wrong.
            return true;
        }
        stream.covers(offset) && offset < stream.next() || !stream.drained
    }

    /// Everybody who reads or waits is told that the log is closed.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        for lane in lanes.values() {
            lane.news.send_modify(|news| *news += 1);
        }
        for lane in lanes.into_values() {
            lane.stream.lock().await.take();
        }
        self.strays.close();
        self.reader.close();
    }

    fn lane(&self, of: &TopicPartition) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(Lane { stream: AsyncMutex::new(None), news: watch::Sender::new(0) });
        Arc::clone(lanes.entry(of.clone()).or_insert_with(fresh))
    }

    fn opened<'a>(
        &self,
        slot: &'a mut Option<Stream>,
        of: &TopicPartition,
        lane: &Lane,
    ) -> Result<&'a mut Stream, ReadError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(ReadError::Closed);
        }
        if slot.is_none() {
            let news = lane.news.clone();
            let notify = move || news.send_modify(|news| *news += 1);
            *slot = Some(Stream::new(of.clone(), self.reader.consumer()?, notify)?);
        }
        slot.as_mut().ok_or(ReadError::Closed)
    }

    /// Gives up streams that nobody reads, at most every few seconds.
    async fn sweep(&self) {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            if swept.elapsed() < IDLE_AFTER / 4 {
                return;
            }
            *swept = Instant::now();
        }
        let lanes: Vec<_> =
            self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for lane in lanes {
            if let Ok(mut slot) = lane.stream.try_lock()
                && let Some(stream) = slot.as_mut().filter(|stream| stream.used.elapsed() > IDLE_AFTER)
            {
                stream.stop();
            }
        }
    }
}

fn size(record: &Stored) -> usize {
    record.key.as_ref().map_or(0, bytes::Bytes::len) + record.value.as_ref().map_or(0, bytes::Bytes::len)
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").finish_non_exhaustive()
    }
}
