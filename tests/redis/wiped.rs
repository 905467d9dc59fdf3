//! `FLUSHALL` in mid-run: the wipe is noticed by the next push, old claims are void, and workers go on by themselves.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasmill_job::{JobId, Offset, Progress};
use wasmill_queue::{Answer, Pushed, Queue, RedisConfig, RedisQueue, Take, WorkerId};
use wasmill_tests::{DEADLINE, until};

use crate::world::{
    LEASE, World, again, bury, complete, enqueue, lane, live, name, offer, retry, settle, settlements,
    started,
};

#[tokio::test]
async fn a_wiped_queue_says_so_and_old_claims_are_void() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 20);
    world.push(jobs).await;
    let mut stale = world.take(8).await;
    let named: Vec<_> = stale.iter().map(|claim| claim.reference()).collect();
    world.redis.flush_all().await;
    assert_eq!(world.queue.renew(named.clone(), LEASE).await.unwrap(), named);
    for verdict in [complete, retry, bury] {
        let claims = stale.split_off(stale.len() - 2);
        assert_eq!(settle(&world.queue, claims, verdict).await, [Answer::Lost; 2]);
    }
    let end = world.end(&lane(0));
    let empty = world.piece(&lane(0), end, end);
    assert_eq!(world.queue.push(empty).await.unwrap(), Pushed::Unknown);
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), Progress::default());
    assert_eq!(world.take(5).await.len(), 0, "the offer is shown again, and there is nothing");
    assert_eq!(world.replay(&lane(0)).await, Offset(0));
    // A claim on a job that is pending again, and in flight again, is still void.
    let claims = world.take(20).await;
    assert_eq!(claims.len(), 20);
    assert_eq!(settle(&world.queue, stale, complete).await, [Answer::Lost; 2]);
    assert_eq!(settle(&world.queue, claims, complete).await, [Answer::Settled; 20]);
    world.check().await;
}

#[tokio::test]
async fn a_debt_is_not_paid_with_a_number_that_the_lost_queue_had_given() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let before = world.queue.owed(9).await.unwrap()[0].id;
    // While somebody stores what it asks for, the queue is lost, and comes to owe something else.
    world.redis.flush_all().await;
    world.replay(&lane(0)).await;
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let after = world.queue.owed(9).await.unwrap()[0].id;
    world.queue.paid(vec![before]).await.unwrap();
    let owed = world.queue.owed(9).await.unwrap();
    assert_eq!(owed.iter().map(|debt| debt.id).collect::<Vec<_>>(), [after]);
    world.check().await;
}

#[tokio::test]
async fn what_the_configuration_says_outlives_a_wipe() {
    let mut world = World::fresh().await;
    let config = RedisConfig { dead_max: 1, ..RedisConfig::new(world.redis.url()) };
    world.queue = RedisQueue::new(&config).unwrap();
    started(&world.queue).await;
    world.redis.flush_all().await;
    world.queue.sweep(1).await.unwrap();
    let jobs = world.jobs("a", 2);
    enqueue(&world.queue, jobs).await;
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    assert_eq!(world.take(1).await.len(), 0, "one dead letter is as many as may be kept");
    world.check().await;
}

/// Works until it is aborted; what it completed.
async fn work(queue: RedisQueue, worker: WorkerId, done: Arc<Mutex<BTreeSet<JobId>>>) {
    let offer = offer(&["a"]);
    for request in 1.. {
        let take = || Take { worker, request, max: 20, lease: LEASE, offer: Arc::clone(&offer) };
        let claims = again("take", || queue.take(take())).await;
        let ids: Vec<_> = claims.iter().map(|claim| claim.job.id).collect();
        let settlements = settlements(claims, complete);
        let answers = again("settle", || queue.settle(Arc::clone(&settlements))).await;
        let settled = ids.iter().zip(answers).filter(|(_, answer)| *answer == Answer::Settled);
        done.lock().unwrap().extend(settled.map(|(id, _)| *id));
        again("sweep", || queue.sweep(100)).await;
        queue.ready(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_log_holds_is_lost_by_wipes_in_mid_run() {
    let mut world = World::fresh().await;
    let done = Arc::new(Mutex::new(BTreeSet::new()));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 1..3 {
        workers.spawn(work(world.elsewhere().await, WorkerId(worker), Arc::clone(&done)));
    }
    world.queue.resume(&lane(0), &Progress::default()).await.unwrap();
    for piece in 0..60 {
        let jobs = world.jobs("a", 50);
        let push = world.append(&lane(0), jobs);
        if piece % 20 == 19 {
            world.redis.flush_all().await;
        }
        match world.queue.push(push).await.unwrap() {
            Pushed::Unknown => {
                world.replay(&lane(0)).await;
            }
            pushed => assert_eq!(pushed, Pushed::whole()),
        }
    }
    let logged: BTreeSet<_> = world.logged(&lane(0)).iter().map(|job| job.id).collect();
    until("everything is completed, and the workers know", DEADLINE, || async {
        let is_empty = live(&world.queue.counts().await.unwrap()) == 0;
        (is_empty && done.lock().unwrap().len() >= logged.len()).then_some(())
    })
    .await;
    workers.shutdown().await;
    assert_eq!(*done.lock().unwrap(), logged);
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap().floor, world.end(&lane(0)));
    assert_eq!(world.queue.counts().await.unwrap().keys().next(), Some(&name("a")));
    world.check().await;
}
