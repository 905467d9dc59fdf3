//! Wake-ups that are lost cost a sweep.

use tokio::time::timeout;
use wasmill_queue::{Queue, RedisQueue};
use wasmill_tests::DEADLINE;

use crate::world::{NEVER, World, complete, enqueue, settle};

/// The set of workers that wait.
const WAITING: &str = "{wasmill:0}:s";

/// A worker that has taken all there was, and waits.
async fn waiting(world: &mut World) -> RedisQueue {
    // Whoever has just connected is told to look: that is not what wakes it here.
    let worker = world.elsewhere().await;
    assert_eq!(worker.take(world.request_of(2, 1, &["a"])).await.unwrap().len(), 0);
    assert_eq!(world.redis.must(&["SCARD", WAITING]).await.integer(), 1);
    worker
}

#[tokio::test]
async fn one_that_nobody_sent_on_is_made_good_by_the_next_sweep() {
    let mut world = World::fresh().await;
    let worker = waiting(&mut world).await;
    // A process has been told in its place, and is gone.
    world.redis.must(&["SPOP", WAITING]).await;
    let jobs = world.jobs("a", 1);
    enqueue(&world.queue, jobs).await;
    let ready = timeout(DEADLINE, worker.ready(NEVER));
    let (woken, swept) = tokio::join!(ready, worker.sweep(100));
    swept.unwrap();
    woken.expect("the sweep says that something can be taken");
    let claims = worker.take(world.request_of(2, 1, &["a"])).await.unwrap();
    assert_eq!(settle(&worker, claims, complete).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn one_for_a_process_that_is_gone_goes_to_the_next() {
    let mut world = World::fresh().await;
    let worker = waiting(&mut world).await;
    for gone in 0..20 {
        world.redis.must(&["SADD", WAITING, &format!("{gone:016x}:{gone:016x}")]).await;
    }
    let jobs = world.jobs("a", 1);
    let comes = enqueue(&world.queue, jobs);
    let (woken, ()) = tokio::join!(timeout(DEADLINE, worker.ready(NEVER)), comes);
    woken.expect("whoever hears nothing is passed over");
    let claims = worker.take(world.request_of(2, 1, &["a"])).await.unwrap();
    assert_eq!(settle(&worker, claims, complete).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn what_time_brings_back_wakes_by_anybodys_sweep() {
    let mut world = World::fresh().await;
    world.advance(crate::world::LEASE).await;
    let jobs = world.jobs("a", 1);
    enqueue(&world.queue, jobs).await;
    let held = world.take(1).await;
    let worker = waiting(&mut world).await;
    world.advance(crate::world::LEASE * 2).await;
    // Another process sweeps; its sweep finds the lease run out and wakes the worker.
    let (woken, swept) = tokio::join!(timeout(DEADLINE, worker.ready(NEVER)), world.queue.sweep(100));
    assert_eq!(swept.unwrap().expired, 1);
    woken.expect("a lease that ran out wakes whoever waits");
    let claims = worker.take(world.request_of(2, 1, &["a"])).await.unwrap();
    assert!(claims[0].suspect);
    drop(held);
    assert_eq!(settle(&worker, claims, complete).await.len(), 1);
    world.check().await;
}
