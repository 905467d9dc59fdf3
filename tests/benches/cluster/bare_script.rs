//! The writes of a push as bare Lua: each job's record and its place in the list, the counts of its type, the lane's offset.
//! Without a look at what is there, without limits, and without a check of the offset.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use redis::{AsyncConnectionConfig, Client, Script};
use tokio::task::JoinSet;

use crate::load::PARTITIONS;

/// Keys: jobs, pending, types, lane. Arguments: the type's record, the offset, then key, record, key, record …; one command
/// for all, in pieces of as many as the queue's scripts have.
const PUSH: &str = "for first = 3, #ARGV, 3000 do
                      local last = math.min(first + 2999, #ARGV)
                      redis.call('HSET', KEYS[1], unpack(ARGV, first, last))
                      local keys = {}
                      for at = first, last, 2 do keys[#keys + 1] = ARGV[at] end
                      redis.call('RPUSH', KEYS[2], unpack(keys))
                    end
                    redis.call('HSET', KEYS[3], '1', ARGV[1])
                    redis.call('HSET', KEYS[4], 'want', ARGV[2])";
/// As long as a job's key, and a type's record.
const KEY_BYTES: usize = 14;
const TYPE_BYTES: usize = 160;
/// What the queue puts before a job's envelope.
pub(crate) const HEADER_BYTES: usize = 26;
/// Jobs in a call, as the relay has them.
const PUSH_RECORDS: usize = 1_000;

/// Pushes these records, a caller for each partition on one connection; jobs per second.
pub(crate) async fn push(url: &str, records: &Arc<Vec<Bytes>>) -> f64 {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
    let client = Client::open(url).unwrap();
    let connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let script = Arc::new(Script::new(PUSH));
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..PARTITIONS {
        let (mut connection, script, next) = (connection.clone(), Arc::clone(&script), Arc::clone(&next));
        let records = Arc::clone(records);
        callers.spawn(async move {
            let of_type = [b'x'; TYPE_BYTES];
            loop {
                let first = next.fetch_add(PUSH_RECORDS, Ordering::Relaxed);
                if first >= records.len() {
                    return;
                }
                let mut call = script.prepare_invoke();
                call.key("{bare}j").key("{bare}p").key("{bare}t").key(format!("{{bare}}n:{caller}"));
                call.arg(&of_type[..]).arg(first);
                let last = records.len().min(first + PUSH_RECORDS);
                for (number, record) in records[first..last].iter().enumerate() {
                    let key = ((first + number) as u128).to_be_bytes();
                    call.arg(&key[16 - KEY_BYTES..]).arg(&record[..]);
                }
                call.invoke_async::<()>(&mut connection).await.unwrap();
            }
        });
    }
    callers.join_all().await;
    records.len() as f64 / began.elapsed().as_secs_f64()
}
