//! A job's whole life in Redis with nothing around it: the writes of push, take and settle as bare Lua, without checks,
//! limits, tokens or fairness. No queue that stores a job, leases it and removes it can be faster with these commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Script};
use tokio::task::JoinSet;

/// Callers on the one connection, each with one script under way.
const CALLERS: usize = 4;
const PAYLOAD_BYTES: usize = 200;

/// The three scripts of a life. Keys: jobs, pending, leases, owners.
#[derive(Clone, Copy)]
pub(crate) struct Scripts {
    /// Arguments: id, payload, id, payload …
    push: &'static str,
    /// Arguments: how many, the lease's end, the owner. Answers id, payload, id, payload …
    take: &'static str,
    /// Arguments: the ids.
    settle: &'static str,
}

/// Each write a command of its own, as a queue does whose checks differ from job to job.
pub(crate) const LOOPED: Scripts = Scripts {
    push: "for i = 1, #ARGV, 2 do
             redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
             redis.call('RPUSH', KEYS[2], ARGV[i])
           end",
    take: "local ids = redis.call('LPOP', KEYS[2], ARGV[1]) or {}
           local answer = {}
           for _, id in ipairs(ids) do
             redis.call('ZADD', KEYS[3], ARGV[2], id)
             redis.call('HSET', KEYS[4], id, ARGV[3])
             answer[#answer + 1] = id
             answer[#answer + 1] = redis.call('HGET', KEYS[1], id)
           end
           return answer",
    settle: "for _, id in ipairs(ARGV) do
               redis.call('ZREM', KEYS[3], id)
               redis.call('HDEL', KEYS[4], id)
               redis.call('HDEL', KEYS[1], id)
             end",
};

/// One command for a whole batch: as few as there can be.
pub(crate) const VARIADIC: Scripts = Scripts {
    push: "local ids = {}
           for i = 1, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
           redis.call('HSET', KEYS[1], unpack(ARGV))
           redis.call('RPUSH', KEYS[2], unpack(ids))",
    take: "local ids = redis.call('LPOP', KEYS[2], ARGV[1])
           if not ids then return {} end
           local leases, owners, answer = {}, {}, {}
           for i, id in ipairs(ids) do
             leases[2 * i - 1], leases[2 * i] = ARGV[2], id
             owners[2 * i - 1], owners[2 * i] = id, ARGV[3]
           end
           redis.call('ZADD', KEYS[3], unpack(leases))
           redis.call('HSET', KEYS[4], unpack(owners))
           for i, payload in ipairs(redis.call('HMGET', KEYS[1], unpack(ids))) do
             answer[2 * i - 1], answer[2 * i] = ids[i], payload
           end
           return answer",
    settle: "redis.call('ZREM', KEYS[3], unpack(ARGV))
             redis.call('HDEL', KEYS[4], unpack(ARGV))
             redis.call('HDEL', KEYS[1], unpack(ARGV))",
};

/// What was reached.
pub(crate) struct Figures {
    pub(crate) enqueued_per_second: f64,
    pub(crate) drained_per_second: f64,
}

/// Pushes `jobs` in batches of `batch`, then takes and settles them all, through one multiplexed connection.
pub(crate) async fn measure(url: &str, scripts: &Scripts, jobs: usize, batch: usize) -> Figures {
    // The crate's own deadline is for callers who would rather give up; a bench waits.
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
    let client = Client::open(url).unwrap();
    let connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let [push, take, settle] =
        [scripts.push, scripts.take, scripts.settle].map(|text| Arc::new(Script::new(text)));

    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    together(&connection, |connection| {
        push_all(connection, Arc::clone(&push), Arc::clone(&next), jobs, batch)
    })
    .await;
    let enqueued_per_second = jobs as f64 / began.elapsed().as_secs_f64();

    let began = Instant::now();
    let drained = together(&connection, |connection| {
        drain_all(connection, Arc::clone(&take), Arc::clone(&settle), batch)
    })
    .await;
    assert_eq!(drained, jobs);
    Figures { enqueued_per_second, drained_per_second: jobs as f64 / began.elapsed().as_secs_f64() }
}

async fn together<F>(connection: &MultiplexedConnection, caller: impl Fn(MultiplexedConnection) -> F) -> usize
where
    F: Future<Output = usize> + Send + 'static,
{
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(caller(connection.clone()));
    }
    callers.join_all().await.into_iter().sum()
}

async fn push_all(
    mut connection: MultiplexedConnection,
    push: Arc<Script>,
    next: Arc<AtomicUsize>,
    jobs: usize,
    batch: usize,
) -> usize {
    let payload = vec![b'x'; PAYLOAD_BYTES];
    let mut pushed = 0;
    loop {
        let first = next.fetch_add(batch, Ordering::Relaxed);
        if first >= jobs {
            return pushed;
        }
        let last = jobs.min(first + batch);
        let mut call = push.prepare_invoke();
        keys(&mut call);
        for number in first..last {
            // As long as a job's id.
            call.arg(&(number as u128).to_be_bytes()[..]).arg(payload.as_slice());
        }
        call.invoke_async::<()>(&mut connection).await.unwrap();
        pushed += last - first;
    }
}

async fn drain_all(
    mut connection: MultiplexedConnection,
    take: Arc<Script>,
    settle: Arc<Script>,
    batch: usize,
) -> usize {
    let mut drained = 0;
    loop {
        let mut call = take.prepare_invoke();
        keys(&mut call);
        call.arg(batch).arg(1_700_000_000_000_u64).arg(&[7_u8; 16][..]);
        let taken: Vec<(Vec<u8>, Vec<u8>)> = call.invoke_async(&mut connection).await.unwrap();
        if taken.is_empty() {
            return drained;
        }
        let mut call = settle.prepare_invoke();
        keys(&mut call);
        for (id, _) in &taken {
            call.arg(id.as_slice());
        }
        call.invoke_async::<()>(&mut connection).await.unwrap();
        drained += taken.len();
    }
}

fn keys(call: &mut redis::ScriptInvocation<'_>) {
    call.key("{bare}:jobs").key("{bare}:pending").key("{bare}:leases").key("{bare}:owners");
}
