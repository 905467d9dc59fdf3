//! Scripts forgotten by the server, connections killed: a failed call at most, and no wake-up is missed afterwards.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use wasmill_queue::{Answer, DeadQuery, Pushed, Queue, QueueError, Take, WorkerId};
use wasmill_tests::{DEADLINE, Redis};

use crate::world::{
    LEASE, NEVER, World, again, complete, enqueue, keyed, lane, new_jobs, offer, settlements,
};

/// What cuts connections or takes scripts away. The ids are those of the queue's connections.
async fn each_fault(redis: &Redis, number: usize) {
    match number % 4 {
        0 => drop(redis.must(&["SCRIPT", "FLUSH"]).await),
        1 => drop(redis.must(&["CLIENT", "KILL", "TYPE", "pubsub"]).await),
        2 => drop(redis.must(&["CLIENT", "KILL", "TYPE", "normal"]).await),
        _ => {
            for id in ids(redis, "pubsub").await {
                redis.must(&["CLIENT", "KILL", "ID", &id]).await;
            }
        }
    }
}

async fn ids(redis: &Redis, kind: &str) -> Vec<String> {
    let clients = redis.must(&["CLIENT", "LIST", "TYPE", kind]).await.text();
    let id =
        |line: &str| line.split_whitespace().find_map(|word| word.strip_prefix("id=").map(str::to_owned));
    clients.lines().filter_map(id).collect()
}

/// The second try of what is asked after a fault must do. One for which the machine had no time does not count.
async fn twice<T, A: Future<Output = Result<T, QueueError>>>(mut ask: impl FnMut() -> A) -> T {
    let mut is_second = false;
    let end = Instant::now() + DEADLINE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(QueueError::Unavailable { reason })
                if reason.ends_with("does not answer in time") && Instant::now() < end => {}
            Err(QueueError::Unavailable { .. }) if !is_second => is_second = true,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn faults_between_calls_cost_a_failed_call_at_most() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 1);
    world.push(jobs).await;
    for number in 0..24 {
        each_fault(&world.redis, number).await;
        let jobs = world.jobs("a", 10);
        let push = world.append(&lane(0), jobs);
        let to = push.to;
        let pushed = twice(|| world.queue.push(push.clone())).await;
        assert!(pushed == Pushed::whole() || pushed == Pushed::Wants(to), "{pushed:?}");
        let take = world.request(5);
        let fault = || each_fault(&world.redis, number);
        fault().await;
        let claims = twice(|| world.queue.take(take.clone())).await;
        assert_eq!(claims.len(), 5);
        fault().await;
        let named: Vec<_> = claims.iter().map(|claim| claim.reference()).collect();
        assert_eq!(twice(|| world.queue.renew(named.clone(), LEASE)).await, []);
        fault().await;
        let settlements = settlements(claims, complete);
        let answers = twice(|| world.queue.settle(Arc::clone(&settlements))).await;
        assert_eq!(answers.len(), 5);
        fault().await;
        twice(|| world.queue.sweep(10)).await;
        fault().await;
        twice(|| world.queue.owed(10)).await;
        fault().await;
        let lane = lane(0);
        twice(|| world.queue.progress(&lane)).await;
        fault().await;
        twice(|| world.queue.dead(DeadQuery { max: 1, ..DeadQuery::default() })).await;
        fault().await;
        assert_eq!(twice(|| world.queue.check()).await.faults, [""; 0]);
    }
    let before = world.counts("a").await;
    assert_eq!((before.accepted, before.duplicates), (241, 0));
    world.drain().await;
    assert_eq!(world.counts("a").await.completed, 241);
    world.check().await;
}

#[tokio::test]
async fn a_script_that_was_forgotten_fails_no_call() {
    let mut world = World::fresh().await;
    for _ in 0..20 {
        world.redis.must(&["SCRIPT", "FLUSH"]).await;
        let jobs = world.jobs("a", 2);
        world.push(jobs).await;
        world.redis.must(&["SCRIPT", "FLUSH"]).await;
        let claims = world.take(2).await;
        world.redis.must(&["SCRIPT", "FLUSH"]).await;
        let answers = world.queue.settle(settlements(claims, complete)).await.unwrap();
        assert_eq!(answers, [Answer::Settled; 2]);
    }
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_during_calls_lose_and_double_nothing() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 2_000);
    enqueue(&world.queue, jobs).await;
    let (calls, mut called) = watch::channel(0);
    // A fault for each call, at about the same time.
    let faults = async {
        while called.changed().await.is_ok() {
            let number = *called.borrow_and_update();
            each_fault(&world.redis, number).await;
        }
    };
    let queue = &world.queue;
    let work = async {
        let mut takes = Vec::new();
        for request in 1..=200 {
            let (worker, max, lease) = (WorkerId(1), 10, LEASE);
            let take = Take { worker, request, max, lease, offer: offer(&["a"]) };
            calls.send_modify(|calls| *calls += 1);
            let claims = again("take", || queue.take(take.clone())).await;
            takes.push(claims.len());
            let settlements = settlements(claims, complete);
            calls.send_modify(|calls| *calls += 1);
            again("settle", || queue.settle(Arc::clone(&settlements))).await;
        }
        drop(calls);
        takes
    };
    let ((), takes) = tokio::join!(faults, work);
    assert_eq!(takes, [10; 200], "a lost reply loses no claim");
    let counts = world.counts("a").await;
    assert_eq!((counts.completed, counts.pending, counts.in_flight, counts.lost), (2_000, 0, 0, 0));
    world.check().await;
}

#[tokio::test]
async fn wake_ups_work_again_after_a_connection_was_killed() {
    let mut world = World::fresh().await;
    let worker = world.elsewhere().await;
    for round in 0..3 {
        assert_eq!(worker.take(world.request(1)).await.unwrap().len(), 0);
        let killed = world.redis.must(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        let (woken, _) = tokio::join!(timeout(DEADLINE, worker.ready(NEVER)), killed);
        woken.expect("a cut connection wakes whoever waits: it may have missed something");
        // What came meanwhile is there to be taken.
        let missed = keyed("a", &format!("missed {round}"));
        again("enqueue", || world.queue.enqueue(new_jobs(vec![missed.clone()]))).await;
        let take = world.request(2);
        let claims = again("take", || worker.take(take.clone())).await;
        assert_eq!(claims.len(), 1);
        worker.settle(settlements(claims, complete)).await.unwrap();
        // That take has put it among those that wait, on its new connection.
        let job = world.job("a");
        let comes = world.queue.enqueue(new_jobs(vec![job]));
        let (woken, comes) = tokio::join!(timeout(DEADLINE, worker.ready(NEVER)), comes);
        comes.unwrap();
        woken.expect("a job wakes whoever waits");
        let claims = worker.take(world.request(1)).await.unwrap();
        assert_eq!(claims.len(), 1);
        worker.settle(settlements(claims, complete)).await.unwrap();
    }
    world.check().await;
}
