//! A producer of one durability. It answers after the delivery report, and at once when its buffer is full.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use wasmill_job::{Durability, Position, Topic};

use super::KafkaConfig;
use super::batch::{Batch, Delivery, Fate};
use super::context::Context;
use super::{telemetry, trouble};
use crate::{Append, AppendError};

/// Both producers, each made when it is first needed.
#[derive(Debug)]
pub(super) struct Producers {
    quorum: Producer,
    leader: Producer,
    record_bytes_max: usize,
}

/// One of them. Replaced after an error from which it cannot recover.
pub(super) struct Producer {
    config: rdkafka::ClientConfig,
    name: &'static str,
    current: RwLock<Slot>,
}

enum Slot {
    Unused,
    Open(Arc<ThreadedProducer<Reports>>),
    Closed,
}

/// Of a record on the wire, at most: its own head and its batch's, without headers.
const RECORD_OVERHEAD: usize = 1024;
/// What a dead letter, a copy or a progress may have more than the record it was made from: what was accepted has to fit there,
/// too. Brokers take 1,048,588 bytes unless they are told otherwise.
const ROOM_BESIDE: usize = 40 << 10;
/// How long a producer may take to look at a topic.
const LEARN_WITHIN: Duration = Duration::from_secs(5);

/// Takes delivery reports.
pub(super) struct Reports(Context);

impl Producers {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let shared = |acks: &str, idempotent: &str| {
            let mut producer = config.client();
            producer
                .set("acks", acks)
                .set("enable.idempotence", idempotent)
                .set("linger.ms", "0")
                .set("delivery.timeout.ms", config.delivery_timeout.as_millis().to_string())
                .set("request.timeout.ms", config.delivery_timeout.as_millis().min(5000).to_string())
                .set("queue.buffering.max.kbytes", (config.buffer_bytes >> 10).max(1).to_string())
                .set("queue.buffering.max.messages", config.buffer_records.max(1).to_string())
                // The client counts what a record costs on the wire besides its bytes.
                .set(
                    "message.max.bytes",
                    (config.record_bytes_max + ROOM_BESIDE + RECORD_OVERHEAD).to_string(),
                )
                // A topic that is not there is said to be so before the delivery times out.
                .set("topic.metadata.propagation.max.ms", "2000")
                .set("compression.type", "none");
            producer
        };
        Self {
            quorum: Producer::new(shared("all", "true"), "producer, quorum"),
            leader: Producer::new(shared("1", "false"), "producer, leader"),
            record_bytes_max: config.record_bytes_max,
        }
    }

    /// Gives the records to the brokers, and answers for each once all are answered.
    pub(super) async fn append(&self, records: Vec<Append>) -> Vec<Result<Position, AppendError>> {
        if records.is_empty() {
            return Vec::new();
        }
        let started = Instant::now();
        let (batch, all) = Batch::new(records.len());
        let mut refusals: Vec<(usize, AppendError)> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let bytes = record.bytes();
            // Jobs have no key; what the relay makes of them has.
            let bytes_max = self.record_bytes_max + if record.key.is_some() { ROOM_BESIDE } else { 0 };
            if bytes > bytes_max {
                refusals.push((index, AppendError::TooLarge { bytes, bytes_max }));
            } else if let Err(error) = self.of(record.durability).send(record, batch.delivery(index)) {
                refusals.push((index, error.into_append_error(record, self.record_bytes_max)));
            }
        }
        batch.sent();
        // An error means that the sender is gone, and it goes only after it has sent.
        let _ = all.await;
        let (mut stored, mut bytes) = (0, 0);
        let mut refusals = refusals.into_iter().peekable();
        let answers = records.into_iter().zip(batch.fates()).enumerate().map(|(index, (record, fate))| {
            if let Some((_, refusal)) = refusals.next_if(|(at, _)| *at == index) {
                return Err(refusal);
            }
            match fate.unwrap_or(Err(RDKafkaErrorCode::PurgeInflight)) {
                Ok(offset) => {
                    stored += 1;
                    bytes += record.bytes();
                    Ok(Position {
                        topic: record.topic,
                        partition: record.partition,
                        offset: wasmill_job::Offset(offset),
                    })
                }
                Err(code) => Err(trouble::of_append(
                    code,
                    record.topic.as_str(),
                    record.bytes(),
                    self.record_bytes_max,
                )),
            }
        });
        let answers: Vec<_> = answers.collect();
        telemetry::appended(stored, bytes, started.elapsed());
        answers.iter().filter_map(|answer| answer.as_ref().err()).for_each(telemetry::refused);
        answers
    }

    /// Waits until everything is answered, at most for `within`. Blocks. Whatever is left is answered as unknown.
    pub(super) fn close(&self, within: Duration) {
        let open = [self.quorum.take(), self.leader.take()];
        let until = Instant::now() + within;
        for producer in open.into_iter().flatten() {
            if let Err(error) = producer.flush(until.saturating_duration_since(Instant::now())) {
                tracing::warn!(%error, unanswered = producer.in_flight_count(), "appends were not acknowledged in time");
            }
        }
    }

    /// Lets both look at the topic's partitions anew. Blocks.
    pub(super) fn learn(&self, topic: &Topic) {
        for producer in [&self.quorum, &self.leader] {
            let open = match &*producer.current.read().unwrap_or_else(PoisonError::into_inner) {
                Slot::Open(open) => Arc::clone(open),
                Slot::Unused | Slot::Closed => continue,
            };
            if let Err(error) = open.client().fetch_metadata(Some(topic.as_str()), LEARN_WITHIN) {
                tracing::debug!(%topic, %error, "a producer did not learn of partitions");
            }
        }
    }

    /// Lets go of both without waiting.
    pub(super) fn abandon(&self) {
        let open = [self.quorum.take(), self.leader.take()];
        if open.iter().any(Option::is_some) {
            // Going away takes the client a moment.
            std::thread::spawn(move || drop(open));
        }
    }

    fn of(&self, durability: Durability) -> &Producer {
        match durability {
            Durability::Quorum => &self.quorum,
            Durability::Leader => &self.leader,
        }
    }
}

/// Why a record was not taken into the buffer.
enum NotSent {
    Code(RDKafkaErrorCode),
    Closed,
    Setting(String),
}

impl NotSent {
    fn into_append_error(self, record: &Append, bytes_max: usize) -> AppendError {
        match self {
            Self::Code(code) => trouble::of_append(code, record.topic.as_str(), record.bytes(), bytes_max),
            Self::Closed => AppendError::Closed,
            Self::Setting(reason) => AppendError::Refused { reason },
        }
    }
}

impl Producer {
    fn new(config: rdkafka::ClientConfig, name: &'static str) -> Self {
        Self { config, name, current: RwLock::new(Slot::Unused) }
    }

    fn send(&self, record: &Append, delivery: Box<Delivery>) -> Result<(), NotSent> {
        let producer = self.open()?;
        match producer.send(as_record(record, delivery)) {
            Ok(()) => Ok(()),
            Err((error, refused)) if producer.client().fatal_error().is_some() => {
                self.replace(&producer, &error);
                // Nothing of this record was taken, so it may go through the new one.
                let again = as_record(record, refused.delivery_opaque);
                self.open()?.send(again).map_err(|(error, _)| NotSent::of(&error))
            }
            Err((error, _)) => Err(NotSent::of(&error)),
        }
    }

    fn open(&self) -> Result<Arc<ThreadedProducer<Reports>>, NotSent> {
        match &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Open(producer) => return Ok(Arc::clone(producer)),
            Slot::Closed => return Err(NotSent::Closed),
            Slot::Unused => {}
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Slot::Open(producer) => Ok(Arc::clone(producer)),
            Slot::Closed => Err(NotSent::Closed),
            Slot::Unused => {
                let producer = self.make().map_err(|error| NotSent::Setting(error.to_string()))?;
                *current = Slot::Open(Arc::clone(&producer));
                Ok(producer)
            }
        }
    }

    fn make(&self) -> Result<Arc<ThreadedProducer<Reports>>, KafkaError> {
        let reports = Reports(Context::new(self.name));
        Ok(Arc::new(ThreadedProducer::from_config_and_context(&self.config, reports)?))
    }

    /// Makes another producer in the place of `broken`, unless somebody has.
    fn replace(&self, broken: &Arc<ThreadedProducer<Reports>>, error: &KafkaError) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if let Slot::Open(producer) = &*current
            && Arc::ptr_eq(producer, broken)
        {
            tracing::error!(%error, producer = self.name, "a producer cannot go on, and is made anew");
            telemetry::reopened();
            let old = std::mem::replace(&mut *current, Slot::Unused);
            // What it still holds is answered as unknown while it goes, which takes a moment.
            std::thread::spawn(move || drop(old));
        }
    }

    fn take(&self) -> Option<Arc<ThreadedProducer<Reports>>> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *current, Slot::Closed) {
            Slot::Open(producer) => Some(producer),
            Slot::Unused | Slot::Closed => None,
        }
    }

    /// How many records it holds that are not acknowledged.
    fn held(&self) -> i32 {
        match &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Open(producer) => producer.in_flight_count(),
            Slot::Unused | Slot::Closed => 0,
        }
    }
}

impl Producers {
    /// Shows how much waits for the brokers.
    pub(super) fn tell(&self) {
        telemetry::buffered(self.quorum.held() + self.leader.held());
    }
}

impl NotSent {
    fn of(error: &KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(code) => Self::Code(code),
            None => Self::Setting(error.to_string()),
        }
    }
}

fn as_record(record: &Append, delivery: Box<Delivery>) -> BaseRecord<'_, [u8], [u8], Box<Delivery>> {
    BaseRecord {
        topic: record.topic.as_str(),
        // A number that no partition has, when it is out of range: none would mean any.
        partition: Some(i32::try_from(record.partition.0).unwrap_or(i32::MAX)),
        payload: record.value.as_deref(),
        key: record.key.as_deref(),
        timestamp: None,
        headers: None,
        delivery_opaque: delivery,
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.0.note_log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.note_error(&error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, report: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        let fate: Fate = match report {
            Ok(message) => u64::try_from(message.offset()).map_err(|_| RDKafkaErrorCode::Unknown),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        delivery.settle(fate);
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("name", &self.name).finish_non_exhaustive()
    }
}
