//! Memory at its limit, with work in every state: what comes in is refused, and everything else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::task::JoinSet;
use wasmill_job::{Cancel, Offset, Partition, UnixMs, Verdict};
use wasmill_queue::{
    Answer, DeadQuery, Debt, Enqueued, ListQuery, Pushed, Queue, RedisQueue, ShardMemory, State, Take,
    WorkerId,
};
use wasmill_tests::{DEADLINE, until};

use crate::world::{
    LEASE, World, bury, complete, error_of, lane, live, memory, name, new_jobs, offer, retry, settle,
    settlements,
};

const MAX_MEMORY: u64 = 16 << 20;

/// A world whose server has little memory. What waits to be written to the file is memory, too: nothing is held back while a disk is
/// busy.
async fn bounded() -> World {
    World::with(&[("maxmemory", &MAX_MEMORY.to_string()), ("appendfsync", "no")], 1).await
}

/// 20 jobs of type `a` in each state but pending, where there are many; 40 are claimed by the caller.
async fn with_work_in_every_state() -> (World, Vec<wasmill_queue::Claim>) {
    let mut world = bounded().await;
    let jobs = (0..200).map(|_| world.job_in("a", Partition(0), 1_000)).collect();
    world.push(jobs).await;
    for verdict in [complete, bury, || Verdict::Release] {
        let claims = world.take(20).await;
        settle(&world.queue, claims, verdict).await;
    }
    let long = || Verdict::Retry { pause: LEASE, failure: crate::world::failure() };
    let claims = world.take(20).await;
    settle(&world.queue, claims, long).await;
    let held = world.take(40).await;
    let counts = world.counts("a").await;
    assert_eq!((counts.scheduled, counts.in_flight, counts.dead, counts.completed), (20, 40, 20, 20));
    (world, held)
}

/// Pushes until that is refused.
async fn fill(world: &mut World) {
    loop {
        let jobs = (0..100).map(|_| world.job_in("a", Partition(0), 1_000)).collect();
        let push = world.append(&lane(0), jobs);
        match world.queue.push(push).await.unwrap() {
            Pushed::Full => return,
            pushed => assert_eq!(pushed, Pushed::whole()),
        }
    }
}

/// Pushes and enqueues are refused whole.
async fn nothing_comes_in(world: &mut World) {
    let before = world.queue.counts().await.unwrap();
    let job = world.job("b");
    assert_eq!(world.queue.enqueue(new_jobs(vec![job])).await.unwrap(), Enqueued::Full);
    let wanted = world.queue.resume(&lane(0), &wasmill_job::Progress::default()).await.unwrap();
    let push = world.piece(&lane(0), wanted, world.end(&lane(0)));
    assert!(!push.entries.is_empty());
    assert_eq!(world.queue.push(push).await.unwrap(), Pushed::Full);
    assert_eq!(world.queue.counts().await.unwrap(), before);
}

/// Everything else goes on. The claims are of jobs in flight.
async fn everything_else_goes_on(world: &mut World, held: Vec<wasmill_queue::Claim>) {
    let queue = world.queue.clone();
    let renewed = queue.renew(held.iter().map(|claim| claim.reference()).collect(), LEASE).await.unwrap();
    assert_eq!(renewed, []);
    let mut held = held.into_iter();
    for verdict in [complete, retry, bury, || Verdict::Release] {
        let claims: Vec<_> = held.by_ref().take(10).collect();
        assert_eq!(settle(&queue, claims, verdict).await, [Answer::Settled; 10]);
    }
    queue.sweep(100).await.unwrap();
    let pending = ListQuery { state: State::Pending, job_type: Some(name("a")), after: None, max: 10 };
    let job = queue.list(pending).await.unwrap().jobs.pop().unwrap();
    assert_eq!(queue.job(job.id).await.unwrap().unwrap().state, State::Pending);
    let cancel = Cancel { id: job.id, job_type: job.job_type, at: UnixMs(0) };
    assert!(queue.cancel(cancel).await.unwrap());
    let debts = queue.owed(100).await.unwrap();
    assert_eq!(debts.len(), 30);
    assert_eq!(queue.dead(DeadQuery { max: 100, ..DeadQuery::default() }).await.unwrap().letters.len(), 30);
    let keys = debts.iter().filter_map(Debt::letter).map(|letter| letter.key()).take(10).collect();
    queue.paid(debts.into_iter().map(|debt| debt.id).collect()).await.unwrap();
    assert_eq!(queue.purge(keys).await.unwrap(), 10);
    assert!(queue.progress(&lane(0)).await.unwrap().settled.iter().count() > 0);
    let claims = world.take(10).await;
    assert_eq!(settle(&queue, claims, retry).await, [Answer::Settled; 10]);
    world.check().await;
}

/// Two workers with connections of their own drain it to nothing; the most memory that was used meanwhile.
async fn drained_by_workers(world: &World) -> u64 {
    let peak = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for worker in 2..4 {
        workers.spawn(work(world.elsewhere().await, WorkerId(worker)));
    }
    let queue = world.elsewhere().await;
    until("the workers drain it to nothing", DEADLINE, || async {
        peak.fetch_max(world.used().await, Ordering::SeqCst);
        (live(&queue.counts().await.unwrap()) == 0).then_some(())
    })
    .await;
    workers.shutdown().await;
    peak.load(Ordering::SeqCst)
}

async fn work(queue: RedisQueue, worker: WorkerId) {
    for request in 1.. {
        let take = Take { worker, request, max: 50, lease: LEASE, offer: offer(&["a", "b", "c"]) };
        let claims = queue.take(take).await.unwrap();
        let is_full = claims.len() == 50;
        settle(&queue, claims, complete).await;
        queue.sweep(100).await.unwrap();
        if !is_full {
            queue.ready(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// Without anybody's help what was refused is taken in.
async fn pushing_resumes(world: &mut World) {
    let world_ = &*world;
    until("pushing resumes", DEADLINE, || async {
        let wanted = world_.queue.resume(&lane(0), &wasmill_job::Progress::default()).await.unwrap();
        let to = Offset(world_.end(&lane(0)).0.min(wanted.0 + 100));
        let pushed = world_.queue.push(world_.piece(&lane(0), wanted, to)).await.unwrap();
        (pushed == Pushed::whole()).then_some(())
    })
    .await;
    assert!(world.drain().await > 0);
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_watermark_refuses_what_comes_in_and_nothing_else() {
    let (mut world, held) = with_work_in_every_state().await;
    fill(&mut world).await;
    let used = world.used().await;
    assert!(used > MAX_MEMORY / 2 && used < MAX_MEMORY, "a quarter is kept in reserve: {used}");
    nothing_comes_in(&mut world).await;
    everything_else_goes_on(&mut world, held).await;
    world.make_due("z").await;
    let peak = drained_by_workers(&world).await;
    assert!(peak <= MAX_MEMORY, "{peak} bytes were used");
    pushing_resumes(&mut world).await;
    println!("own watermark: {used} used when full, {peak} at most while it drained, of {MAX_MEMORY}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_below_what_is_used_refuses_what_comes_in_and_nothing_else() {
    let (mut world, held) = with_work_in_every_state().await;
    fill(&mut world).await;
    let (used, limit) = (world.used().await, 8 << 20);
    world.redis.config_set("maxmemory", &u64::to_string(&limit)).await;
    assert!(error_of(world.redis.command(&["SET", "x", "1"]).await).starts_with("OOM"));
    // What scripts Redis knows it knows no more: to load them again needs no memory that it would refuse.
    world.redis.must(&["SCRIPT", "FLUSH"]).await;
    nothing_comes_in(&mut world).await;
    everything_else_goes_on(&mut world, held).await;
    world.make_due("z").await;
    let peak = drained_by_workers(&world).await;
    assert!(peak <= used + limit / 4, "{peak} bytes were used, {used} when the limit was set");
    let after = world.used().await;
    assert!(after < limit, "{after}");
    pushing_resumes(&mut world).await;
    println!("limit of {limit} set at {used} used: {peak} at most while it drained, {after} afterwards");
}

/// Frees memory in small steps, each of a few jobs, and counts how often pushes are let in and refused again.
#[tokio::test]
async fn a_full_shard_takes_pushes_again_only_when_memory_has_fallen_clearly() {
    let mut world = bounded().await;
    let jobs = world.jobs("a", 1);
    world.push(jobs).await;
    fill(&mut world).await;
    let told = memory(&world.queue).await;
    let [ShardMemory { shard: 0, used, max: Some(MAX_MEMORY), is_full: true, .. }] = told[..] else {
        panic!("{told:?}");
    };
    // The push that was refused had its own entries in memory when that was measured.
    assert!(used + (256 << 10) > MAX_MEMORY / 4 * 3, "{used}");
    // It is below the watermark soon, and stays full until it is clearly so.
    let (mut refused_below, mut last) = (0, used);
    loop {
        let claims = world.take(10).await;
        assert!(!claims.is_empty(), "it is full of nothing");
        settle(&world.queue, claims, complete).await;
        // Results would take the place of the jobs.
        world.redis.must(&["DEL", "{wasmill:0}:r", "{wasmill:0}:ru"]).await;
        let ShardMemory { used, is_full, .. } = memory(&world.queue).await[0];
        if !is_full {
            assert!(used <= MAX_MEMORY / 4 * 3 - MAX_MEMORY / 20, "{used}");
            break;
        }
        refused_below += usize::from(used < MAX_MEMORY / 4 * 3);
        last = used;
    }
    assert!(refused_below > 10, "{refused_below} steps were refused below the watermark, the last at {last}");
    let wanted = world.queue.resume(&lane(0), &wasmill_job::Progress::default()).await.unwrap();
    let push = world.piece(&lane(0), wanted, wanted.next());
    assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
    println!("{refused_below} steps of 10 jobs between the watermark and the first push, the last at {last}");
}

#[tokio::test]
async fn memory_without_a_limit_is_never_full() {
    let world = World::with(&[], 2).await;
    let memory = memory(&world.queue).await;
    assert_eq!(memory.iter().map(|shard| shard.shard).collect::<Vec<_>>(), [0, 1]);
    let server = world.redis.address().to_string();
    let is_free =
        |shard: &ShardMemory| shard.used > 0 && shard.max.is_none() && !shard.is_full && !shard.is_away;
    assert!(memory.iter().all(|shard| is_free(shard) && shard.server == server), "{memory:?}");
}

#[tokio::test]
async fn large_outputs_do_not_use_up_the_reserve() {
    let mut world = bounded().await;
    let jobs = world.jobs("a", 200);
    world.push(jobs).await;
    let output = Bytes::from(vec![b'o'; 200_000]);
    for _ in 0..20 {
        let claims = world.take(10).await;
        let large = || Verdict::Complete { output: output.clone() };
        let answers = world.queue.settle(settlements(claims, large)).await.unwrap();
        assert_eq!(answers, [Answer::Settled; 10]);
        let used = world.used().await;
        assert!(used <= MAX_MEMORY, "{used} bytes are used: nobody has swept, and results were kept");
    }
    world.check().await;
}

#[tokio::test]
async fn the_shards_on_a_server_share_what_is_in_reserve() {
    for (shards, each) in [(1, "8192"), (2, "4096")] {
        let world = World::with(&[("maxmemory", "64mb")], shards).await;
        world.queue.sweep(1).await.unwrap();
        for shard in 0..shards {
            let cap = world.redis.must(&["HGET", &crate::world::core(shard), "cap"]).await.text();
            assert_eq!(cap, each, "shard {shard} of {shards}");
        }
        world.check().await;
    }
}
