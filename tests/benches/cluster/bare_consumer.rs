//! A bare rdkafka consumer of the same topic: one loop over all partitions.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientConfig, Offset};

use crate::load::{PARTITIONS, TOPIC};

/// Reads so many records from the beginning of all partitions, each shown to `each`; records per second from the first on.
/// Blocks.
pub(crate) fn consume(bootstrap: &str, records: usize, mut each: impl FnMut(&[u8])) -> f64 {
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
    let (mut read, mut began) = (0, None);
    while read < records {
        let message = consumer.poll(Duration::from_secs(20)).expect("records come").unwrap();
        began.get_or_insert_with(Instant::now);
        each(message.payload().unwrap_or_default());
        read += 1;
    }
    read as f64 / began.expect("one came").elapsed().as_secs_f64()
}
