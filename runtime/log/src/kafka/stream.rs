//! The stream of one partition: its own queue of the client, and a window of what came last, so that whoever reads on, or
//! reads a little again, does not make the brokers send anything twice.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode;
use wasmill_job::{Offset, TopicPartition, UnixMs};

use super::context::Listening;
use super::trouble;
use crate::{ReadError, Stored};

/// A partition's stream. `from..next` is what the window covers; `next` is where the queue goes on.
pub(super) struct Stream {
    of: TopicPartition,
    consumer: Arc<BaseConsumer<Listening>>,
    queue: PartitionQueue<Listening>,
    window: VecDeque<Stored>,
    window_bytes: usize,
    from: Offset,
    next: Offset,
    /// Whether the client fetches.
    live: bool,
    /// Whether the queue was empty when it was looked at last.
    pub(super) drained: bool,
    /// Whether the client said, after the last record, that the end was reached.
    pub(super) at_end: bool,
    /// When the brokers said that `next` is the end, and how much this process had appended before they were asked.
    pub(super) end_seen: Option<(Instant, u64)>,
    /// Where the last read ended that was not served from here.
    /// What is wrong behind `next`, when the client came to a record that it could not read.
    corrupt: Option<String>,
    /// The client found that the log does not have what stood here: it was cut, or is another one.
    is_cut: bool,
    /// Whether anything came since the start: until then, what is out of range may be said of the place before.
    has_proved: bool,
    pub(super) strayed_to: Option<Offset>,
    pub(super) used: Instant,
}

/// What came out of the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Records, or nothing.
    Some(usize),
    /// The brokers do not have the offset.
    OutOfRange,
}

/// What the window keeps at most, besides the last bite.
const WINDOW_BYTES: usize = 1 << 20;
/// At most so much is taken from the queue in one go.
const BITE_BYTES: usize = 4 << 20;
/// What a record costs besides its bytes.
const RECORD_OVERHEAD: usize = 64;

impl Stream {
    /// A stream that is not started. `notify` is called from the client's threads when its queue is not empty any more.
    pub(super) fn new(
        of: TopicPartition,
        consumer: Arc<BaseConsumer<Listening>>,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, ReadError> {
        let partition = i32::try_from(of.partition.0).unwrap_or(i32::MAX);
        let queue = consumer.split_partition_queue(of.topic.as_str(), partition);
        let mut queue = queue.ok_or_else(|| super::meta::missing(&of.topic))?;
        queue.set_nonempty_callback(notify);
        Ok(Self {
            of,
            consumer,
            queue,
            window: VecDeque::new(),
            window_bytes: 0,
            from: Offset(0),
            next: Offset(0),
            live: false,
            drained: true,
            at_end: false,
            end_seen: None,
            strayed_to: None,
            corrupt: None,
            is_cut: false,
            has_proved: false,
            used: Instant::now(),
        })
    }

    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Whether anything has come since the start.
    pub(super) fn has_proved(&self) -> bool {
        self.has_proved
    }

    pub(super) fn next(&self) -> Offset {
        self.next
    }

    /// Whether the window covers the offset, or the queue goes on there.
    pub(super) fn covers(&self, offset: Offset) -> bool {
        self.live && self.from <= offset && offset <= self.next
    }

    /// Lets the client fetch from `offset` on. Records of an older place are dropped by the client: each start makes a new
    /// version of the partition, and only records of the newest come through.
    pub(super) fn start(&mut self, offset: Offset) -> Result<(), ReadError> {
        self.stop();
        let mut list = TopicPartitionList::new();
        let partition = i32::try_from(self.of.partition.0).unwrap_or(i32::MAX);
        let raw = i64::try_from(offset.0).unwrap_or(i64::MAX);
        let place = rdkafka::Offset::Offset(raw);
        list.add_partition_offset(self.of.topic.as_str(), partition, place)
            .and_then(|()| self.consumer.incremental_assign(&list))
            .map_err(|error| trouble::of_read(&error, &self.of))?;
        (self.from, self.next, self.live) = (offset, offset, true);
        Ok(())
    }

    /// The client fetches no more, and the window is given back.
    pub(super) fn stop(&mut self) {
        if self.live {
            let mut list = TopicPartitionList::new();
            list.add_partition(
                self.of.topic.as_str(),
                i32::try_from(self.of.partition.0).unwrap_or(i32::MAX),
            );
            if let Err(error) = self.consumer.incremental_unassign(&list) {
                tracing::debug!(of = %self.of, %error, "a stream was not stopped");
            }
        }
        self.live = false;
        (self.window, self.window_bytes) = (VecDeque::new(), 0);
        (self.drained, self.at_end, self.end_seen) = (true, false, None);
        // The next start fetches everything again.
        (self.corrupt, self.is_cut, self.has_proved) = (None, false, false);
    }

    /// What the window has from `offset` on, of about `bytes_max`, at least one record if there is one.
    pub(super) fn take(&self, offset: Offset, bytes_max: usize) -> Vec<Stored> {
        let start = self.window.partition_point(|record| record.offset < offset);
        let mut bytes = 0;
        let mut records = Vec::new();
        for record in self.window.range(start..) {
            if !records.is_empty() && bytes >= bytes_max {
                break;
            }
            bytes += weight(record);
            records.push(record.clone());
        }
        records
    }

    /// Takes what lies in the queue into the window, about `bytes_max` of it.
    pub(super) fn pump(&mut self, bytes_max: usize) -> Result<Pumped, ReadError> {
        let bytes_max = bytes_max.clamp(1, BITE_BYTES);
        let mut bite = Bite::default();
        let mut outcome = Ok(Pumped::Some(0));
        if let Some(detail) = &self.corrupt {
            return Err(ReadError::Corrupt { path: self.of.to_string(), detail: detail.clone() });
        }
        if self.is_cut {
            return Ok(Pumped::OutOfRange);
        }
        self.drained = false;
        while bite.bytes.len() + bite.heads.len() * RECORD_OVERHEAD < bytes_max {
            match self.queue.poll(Duration::ZERO) {
                None => {
                    self.drained = true;
                    break;
                }
                Some(Ok(message)) => {
                    (self.at_end, self.has_proved) = (false, true);
                    bite.take(&message);
                }
                Some(Err(KafkaError::PartitionEOF(_))) => (self.at_end, self.has_proved) = (true, true),
                Some(Err(error)) => match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                        self.is_cut = true;
                        outcome = Ok(Pumped::OutOfRange);
                        break;
                    }
                    Some(code) if trouble::refusal(code, self.of.topic.as_str()).is_some() => {
                        outcome = Err(trouble::of_read(&error, &self.of));
                        break;
                    }
                    Some(code @ (RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::InvalidMessage)) => {
                        // The client goes on behind what it could not read; nobody else may.
                        let path = self.of.to_string();
                        let detail =
                            format!("a record behind offset {} fails its checksum: {code}", self.next);
                        self.corrupt = Some(detail.clone());
                        outcome = Err(ReadError::Corrupt { path, detail });
                        break;
                    }
                    // The client tries on by itself.
                    _ => tracing::debug!(of = %self.of, %error, "the stream of a partition meets trouble"),
                },
            }
        }
        let came = self.keep(bite);
        if came > 0 { Ok(Pumped::Some(came)) } else { outcome }
    }

    /// Puts a bite at the window's end, and lets go of what is oldest.
    fn keep(&mut self, bite: Bite) -> usize {
        let mut came = 0;
        for record in bite.records() {
            if record.offset < self.next {
                continue;
            }
            if came == 0 {
                self.make_room();
            }
            self.next = record.offset.next();
            self.window_bytes += weight(&record);
            self.window.push_back(record);
            self.end_seen = None;
            came += 1;
        }
        came
    }

    fn make_room(&mut self) {
        while self.window_bytes > WINDOW_BYTES
            && let Some(oldest) = self.window.pop_front()
        {
            self.window_bytes -= weight(&oldest);
            self.from = oldest.offset.next();
        }
    }
}

/// Records that share one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Bite {
    bytes: BytesMut,
    heads: Vec<Head>,
}

#[derive(Debug)]
struct Head {
    offset: Offset,
    stored_at: UnixMs,
    key: Option<usize>,
    value: Option<usize>,
}

impl Bite {
    pub(super) fn take(&mut self, message: &BorrowedMessage<'_>) {
        let mut copy = |part: Option<&[u8]>| {
            part.map(|part| {
                self.bytes.extend_from_slice(part);
                part.len()
            })
        };
        let (key, value) = (copy(message.key()), copy(message.payload()));
        let unsigned = |raw: i64| u64::try_from(raw).unwrap_or_default();
        self.heads.push(Head {
            offset: Offset(unsigned(message.offset())),
            stored_at: UnixMs(unsigned(message.timestamp().to_millis().unwrap_or_default())),
            key,
            value,
        });
    }

    /// Of keys and values.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    pub(super) fn records(self) -> impl Iterator<Item = Stored> {
        let mut bytes: Bytes = self.bytes.freeze();
        self.heads.into_iter().map(move |Head { offset, stored_at, key, value }| {
            let key = key.map(|length| bytes.split_to(length));
            let value = value.map(|length| bytes.split_to(length));
            Stored { offset, stored_at, key, value }
        })
    }
}

fn weight(record: &Stored) -> usize {
    let length = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len);
    length(&record.key) + length(&record.value) + RECORD_OVERHEAD
}
