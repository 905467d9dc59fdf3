//! Two servers: each stands for itself. What one of them holds goes on while the other is down, and both come back.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{Generation, IdSource, Job, Offset, Partition, Progress, UnixMs};
use wasmill_queue::{
    Admission, Answer, Enqueued, Push, Pushed, Queue, QueueError, RedisConfig, RedisQueue, RedisServers,
    RedisStartError, Take, WorkerId,
};
use wasmill_tests::{DEADLINE, Redis, until};

use crate::world::{
    LEASE, bury, check, complete, enqueue, lane, live, made, new_job, offer, settle, settlements, started,
};

/// The queue at these servers, with so many shards.
fn queue_at(servers: &[&Redis], shards: u16) -> RedisQueue {
    let servers = servers.iter().map(|redis| redis.url()).collect();
    let shards = NonZeroU16::new(shards).unwrap();
    let main = RedisServers { servers, shards };
    RedisQueue::new(&RedisConfig { main, ..RedisConfig::new("") }).unwrap()
}

/// So many jobs of each of four partitions.
fn jobs(count: usize) -> Vec<Job> {
    let mut ids = IdSource::default();
    let partitions = (0..count).flat_map(|_| 0..4);
    let id = |partition| ids.next(UnixMs(1_799_999_999_000), 7, Generation(1), Partition(partition));
    partitions.map(id).map(|id| made(id, "a", 100)).collect()
}

fn take(request: u64) -> Take {
    Take { worker: WorkerId(1), request, max: 100, lease: LEASE, offer: offer(&["a"]) }
}

#[tokio::test]
async fn shards_are_dealt_out_to_the_servers_in_turn() {
    let (one, two) = (Redis::start().await, Redis::start().await);
    let queue = queue_at(&[&one, &two], 4);
    started(&queue).await;
    let jobs = jobs(5);
    enqueue(&queue, jobs.clone()).await;
    for (redis, shards) in [(&one, [0, 2]), (&two, [1, 3])] {
        for shard in 0..4 {
            let records = redis.must(&["HLEN", &format!("{{wasmill:{shard}}}:j")]).await.text();
            assert_eq!(records, if shards.contains(&shard) { "5" } else { "0" }, "shard {shard}");
        }
    }
    assert_eq!(
        (queue.parts(), jobs.iter().map(|job| queue.part_of(job.id)).collect::<BTreeSet<_>>().len()),
        (2, 2)
    );
    let claims = queue.take(take(1)).await.unwrap();
    assert_eq!(claims.len(), 20);
    assert_eq!(settle(&queue, claims, complete).await, [Answer::Settled; 20]);
    check(&queue).await;
}

#[tokio::test]
async fn numbers_and_addresses_that_do_not_fit_are_refused() {
    let redis = Redis::start().await;
    let refused = |servers: Vec<String>, shards: u16| {
        let shards = NonZeroU16::new(shards).unwrap();
        let main = RedisServers { servers, shards };
        match RedisQueue::new(&RedisConfig { main, ..RedisConfig::new("") }) {
            Err(RedisStartError::Refused(why)) => why,
            _ => panic!("it is not refused"),
        }
    };
    let (one, other) = (redis.url(), "redis://127.0.0.1:1".to_owned());
    assert!(refused(vec![one.clone(), other.clone()], 3).contains("a multiple of the number"));
    assert!(refused(vec![one.clone(), other, one], 3).contains("twice"));
    assert!(refused(Vec::new(), 1).contains("0 servers"));
}

#[tokio::test]
async fn the_jobs_of_one_server_flow_while_the_other_is_down_and_both_come_back() {
    let (one, mut two) = (Redis::start().await, Redis::start().await);
    let queue = queue_at(&[&one, &two], 2);
    started(&queue).await;
    let all = jobs(10);
    enqueue(&queue, all.clone()).await;
    // Each request begins with another shard.
    let mut held = queue.take(Take { max: 4, ..take(1) }).await.unwrap();
    held.extend(queue.take(Take { max: 4, ..take(2) }).await.unwrap());
    let (up, down): (Vec<_>, Vec<_>) = held.into_iter().partition(|claim| queue.part_of(claim.job.id) == 0);
    let taken = up.len() + down.len();
    assert!(!up.is_empty() && !down.is_empty(), "the test shows nothing");
    two.handed_over().await;
    two.kill();

    // What concerns the server that is up is done; what concerns the other fails, at once, and names it.
    let answers = settle(&queue, up, complete).await;
    assert!(answers.iter().all(|answer| *answer == Answer::Settled));
    let names = |error: QueueError| error.to_string().contains(&two.address().to_string());
    let down: Arc<[_]> = settlements(down, complete);
    assert!(names(queue.settle(Arc::clone(&down)).await.unwrap_err()));
    let named = down.iter().map(|settlement| settlement.reference()).collect();
    assert!(names(queue.renew(named, LEASE).await.unwrap_err()));
    until("it is known to be away", DEADLINE, || async {
        queue.sweep(100).await.unwrap();
        (queue.away(Duration::ZERO).len() == 1).then_some(())
    })
    .await;
    assert!(queue.away(Duration::ZERO)[0].contains(&two.address().to_string()));
    let memory = until("the one that is up tells its memory", DEADLINE, || async {
        let memory = queue.memory().await.unwrap();
        (!memory[0].is_away && memory[0].used > 0).then_some(memory)
    })
    .await;
    assert!(memory[1].is_away && memory[1].used == 0, "{memory:?}");
    assert_eq!(memory[1].server, two.address().to_string());
    let other = queue_at(&[&one, &two], 2);
    let start = until("another process starts without it", DEADLINE, || async {
        other.start().await.ok().filter(|start| start.missing.len() == 1)
    })
    .await;
    assert!(start.missing[0].contains(&two.address().to_string()), "{start:?}");
    let mut done = 0;
    for request in 3.. {
        let claims = queue.take(take(request)).await.unwrap();
        if claims.is_empty() {
            break;
        }
        done += settle(&queue, claims, complete).await.len();
        queue.sweep(100).await.unwrap();
    }
    assert_eq!(done + answers.len(), 20, "all jobs of the one that is up");
    assert_eq!(live(&queue.counts().await.unwrap()), 0, "what is up is empty");
    let more = jobs(1);
    let (here, there): (Vec<_>, Vec<_>) = more.into_iter().partition(|job| queue.part_of(job.id) == 0);
    enqueue(&queue, here).await;
    assert!(names(queue.enqueue(there.into_iter().map(new_job).collect()).await.unwrap_err()));
    let push = |partition| Push {
        lane: lane(partition),
        from: Offset(0),
        to: Offset(0),
        passed: None,
        entries: Vec::new(),
    };
    queue.resume(&lane(0), &Progress::default()).await.unwrap();
    assert_eq!(queue.push(push(0)).await.unwrap(), Pushed::whole());
    assert!(names(queue.push(push(1)).await.unwrap_err()));
    let claims = queue.take(take(100)).await.unwrap();
    assert_eq!(settle(&queue, claims, bury).await.len(), 2, "jobs that came meanwhile");

    // Back, the other has what it had.
    two.restart().await;
    let answers =
        until("it answers", DEADLINE, || async { queue.settle(Arc::clone(&down)).await.ok() }).await;
    assert!(answers.iter().all(|answer| *answer == Answer::Settled));
    assert_eq!(queue.away(Duration::ZERO), [""; 0]);
    let mut done = answers.len();
    for request in 101.. {
        let claims = queue.take(take(request)).await.unwrap();
        if claims.is_empty() {
            break;
        }
        done += settle(&queue, claims, complete).await.len();
    }
    assert_eq!(done, 20, "all jobs of the one that was down, of which {taken} were taken before");
    mended(&queue, &two, 1).await;
    check(&queue).await;
}

#[tokio::test]
async fn a_full_server_beside_one_with_room_refuses_its_jobs_by_name() {
    let (one, two) = (Redis::start().await, Redis::start().await);
    let queue = queue_at(&[&one, &two], 2);
    started(&queue).await;
    two.config_set("maxmemory", &two.info("used_memory").await).await;
    // It measures.
    queue.sweep(1).await.unwrap();
    let all = jobs(2);
    let fates: Vec<_> = all
        .iter()
        .map(|job| if queue.part_of(job.id) == 0 { Admission::Accepted } else { Admission::Full })
        .collect();
    let enqueued = queue.enqueue(all.into_iter().map(new_job).collect()).await.unwrap();
    assert_eq!(enqueued, Enqueued::Done(fates));
    two.config_set("maxmemory", "0").await;
    check(&queue).await;
}

/// A server that hangs is left out after one call has found that.
#[tokio::test]
async fn a_server_that_hangs_holds_nobody_up_for_long() {
    let (one, two) = (Redis::start().await, Redis::start().await);
    let queue = queue_at(&[&one, &two], 2);
    started(&queue).await;
    let all = jobs(10);
    enqueue(&queue, all.clone()).await;
    two.stop();
    let first = queue.take(take(1)).await.unwrap();
    assert!(first.iter().all(|claim| queue.part_of(claim.job.id) == 0));
    let mut claims = first;
    let begins = std::time::Instant::now();
    for request in 2..200 {
        claims.extend(queue.take(take(request)).await.unwrap());
    }
    // Each would wait for five seconds otherwise: no timing decides this.
    assert!(begins.elapsed() < Duration::from_secs(60), "{:?}", begins.elapsed());
    two.thaw();
    // What the hanging one did all the same when it went on is got by repeating that request, not when its lease is over.
    until("everything is got", DEADLINE, || async {
        let request = 1_000 + u64::try_from(begins.elapsed().as_micros()).unwrap();
        let more = queue.take(take(request)).await.ok()?;
        Some(more).filter(|more| !more.is_empty())
    })
    .await
    .into_iter()
    .for_each(|claim| claims.push(claim));
    let got: BTreeSet<_> = claims.iter().map(|claim| claim.job.id).collect();
    assert_eq!(got.len(), claims.len(), "none twice");
    assert_eq!(got, all.iter().map(|job| job.id).collect());
    assert!(claims.iter().all(|claim| claim.attempt.0 == 1 && !claim.suspect));
    settle(&queue, claims, complete).await;
    check(&queue).await;
}

async fn mended(queue: &RedisQueue, redis: &Redis, shard: u16) {
    until("what was loaded is mended", DEADLINE, || async {
        // A sweep begins it.
        queue.sweep(1).await.ok()?;
        let asked = redis.must(&["HEXISTS", &format!("{{wasmill:{shard}}}:c"), "mend"]).await;
        (asked.text() == "0").then_some(())
    })
    .await;
}
