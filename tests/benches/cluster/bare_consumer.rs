//! A bare rdkafka consumer of the same topic: one loop over all partitions, nothing done with what comes.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientConfig, Offset};

use crate::load::{PARTITIONS, TOPIC};

/// What was read.
pub(crate) struct Consumed {
    /// From the first record on.
    pub(crate) per_second: f64,
    /// How long a record is, on average.
    pub(crate) record_bytes: usize,
}

/// Reads so many records from the beginning of all partitions. Blocks.
pub(crate) fn consume(bootstrap: &str, records: usize) -> Consumed {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        // Needed by the client, and not used: partitions are assigned by hand.
        .set("group.id", "bench-bare")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut places = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        places.add_partition_offset(TOPIC, partition as i32, Offset::Beginning).unwrap();
    }
    consumer.assign(&places).unwrap();
    let (mut read, mut bytes, mut began) = (0, 0, None);
    while read < records {
        let message = consumer.poll(Duration::from_secs(20)).expect("records come").unwrap();
        began.get_or_insert_with(Instant::now);
        bytes += message.payload().map_or(0, <[u8]>::len);
        read += 1;
    }
    Consumed {
        per_second: read as f64 / began.expect("one came").elapsed().as_secs_f64(),
        record_bytes: bytes / read,
    }
}
