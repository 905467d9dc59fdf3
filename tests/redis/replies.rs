//! Answers that are lost after Redis has done what it was asked: the caller repeats, and nothing is done twice.

use std::sync::Arc;

use wasmill_job::{Cancel, Offset, Progress, UnixMs};
use wasmill_queue::{Admission, Answer, Debt, Enqueued, Pushed, Queue, QueueError, RedisQueue};
use wasmill_tests::{Proxy, Theft};

use crate::world::{
    LEASE, World, again, bury, complete, enqueue, keyed, lane, new_jobs, queue_at, retry, settlements,
    started,
};

/// A queue whose answers can be stolen, beside one whose answers are not.
struct Thieved {
    world: World,
    proxy: Proxy,
    queue: RedisQueue,
}

impl Thieved {
    async fn fresh() -> Self {
        let world = World::fresh().await;
        let proxy = Proxy::before(world.redis.address()).await;
        let queue = queue_at(proxy.url(), 1);
        started(&queue).await;
        let mut thieved = Self { world, proxy, queue };
        thieved.load_all().await;
        thieved.world.redis.flush_all().await;
        thieved
    }

    /// The server knows every script, so that a call's first answer is the script's.
    async fn load_all(&mut self) {
        let world = &mut self.world;
        let job = keyed("a", "loads the scripts");
        enqueue(&world.queue, vec![job.clone()]).await;
        let claims = world.take(1).await;
        let named = claims.iter().map(|claim| claim.reference()).collect();
        world.queue.renew(named, LEASE).await.unwrap();
        world.queue.settle(settlements(claims, bury)).await.unwrap();
        world.queue.purge(vec![job.id.to_string()]).await.unwrap();
        world.queue.cancel(Cancel { id: job.id, job_type: job.job_type, at: UnixMs(0) }).await.unwrap();
        world.queue.resume(&lane(0), &Progress::default()).await.unwrap();
        world.queue.progress(&lane(0)).await.unwrap();
        world.queue.sweep(1).await.unwrap();
        world.queue.owed(1).await.unwrap();
        world.queue.paid(vec![wasmill_queue::DebtId(1)]).await.unwrap();
    }

    /// Asks while every answer is stolen, so that it is done and nobody knows, and then again until an answer comes.
    async fn repeated<T, A>(&self, what: &str, mut ask: impl FnMut() -> A) -> T
    where
        A: Future<Output = Result<T, QueueError>>,
    {
        let before = self.proxy.stolen().len();
        self.proxy.steal(Theft::Every(1));
        let first = ask().await;
        assert!(matches!(first, Err(QueueError::Unavailable { .. })), "{what} got an answer that was stolen");
        assert_eq!(self.proxy.stolen()[before], "EVALSHA", "{what}");
        self.proxy.heal();
        again(what, ask).await
    }
}

#[tokio::test]
async fn a_repeated_take_gives_the_same_claims() {
    let mut thieved = Thieved::fresh().await;
    let jobs = thieved.world.jobs("a", 30);
    enqueue(&thieved.world.queue, jobs).await;
    // The offer is known, so that the first call is the take itself.
    let first = thieved.world.request(10);
    drop(thieved.queue.take(first).await.unwrap());
    let take = thieved.world.request(10);
    let claims = thieved.repeated("take", || thieved.queue.take(take.clone())).await;
    assert_eq!(claims.len(), 10);
    assert!(claims.iter().all(|claim| claim.attempt.0 == 1 && !claim.suspect));
    assert_eq!(thieved.world.counts("a").await.in_flight, 20, "none was taken twice");
    let again: Vec<_> = thieved.queue.take(take).await.unwrap();
    let names =
        |claims: &[wasmill_queue::Claim]| claims.iter().map(|one| one.reference()).collect::<Vec<_>>();
    assert_eq!(names(&claims), names(&again));
    let answers = thieved.queue.settle(settlements(claims, complete)).await.unwrap();
    assert_eq!(answers, [Answer::Settled; 10]);
    let answers = thieved.queue.settle(settlements(again, complete)).await.unwrap();
    assert_eq!(answers, [Answer::Lost; 10]);
    thieved.world.check().await;
}

#[tokio::test]
async fn a_repeated_settle_is_lost_and_was_done_once() {
    let mut thieved = Thieved::fresh().await;
    let jobs = thieved.world.jobs("a", 40);
    thieved.world.push(jobs).await;
    for verdict in [complete, retry, bury, || wasmill_job::Verdict::Release] {
        let claims = thieved.world.take(10).await;
        assert_eq!(claims.len(), 10);
        let settlements = settlements(claims, verdict);
        let answers = thieved.repeated("settle", || thieved.queue.settle(Arc::clone(&settlements))).await;
        assert_eq!(answers, [Answer::Lost; 10]);
        thieved.world.check().await;
    }
    let counts = thieved.world.counts("a").await;
    assert_eq!((counts.completed, counts.retried, counts.dead, counts.lost), (10, 10, 10, 0));
    assert_eq!(thieved.world.queue.owed(100).await.unwrap().len(), 10);
    assert_eq!(thieved.world.drain().await, 20);
    thieved.world.check().await;
}

#[tokio::test]
async fn a_repeated_push_is_not_wanted_any_more() {
    let mut thieved = Thieved::fresh().await;
    let jobs = thieved.world.jobs("a", 50);
    let push = thieved.world.append(&lane(0), jobs);
    let nothing = Progress::default();
    let resumed = thieved.repeated("resume", || thieved.queue.resume(&push.lane, &nothing)).await;
    assert_eq!(resumed, Offset(0));
    let pushed = thieved.repeated("push", || thieved.queue.push(push.clone())).await;
    assert_eq!(pushed, Pushed::Wants(Offset(50)));
    assert_eq!(thieved.world.counts("a").await.pending, 50);
    // Records that stand in the log twice, because the gateway could not know either.
    let jobs = push.entries.len();
    let twice = thieved.world.logged(&lane(0)).to_vec();
    let push = thieved.world.append(&lane(0), twice);
    let Pushed::Applied { duplicates, .. } = thieved.queue.push(push).await.unwrap() else { panic!() };
    assert_eq!(duplicates.len(), jobs);
    assert_eq!(thieved.world.drain().await, 50);
    thieved.world.check().await;
}

#[tokio::test]
async fn a_repeated_enqueue_with_a_key_is_a_duplicate() {
    let mut thieved = Thieved::fresh().await;
    let jobs: Vec<_> = (0..10).map(|number| keyed("a", &format!("key {number}"))).collect();
    let enqueue = || thieved.queue.enqueue(new_jobs(jobs.clone()));
    let enqueued = thieved.repeated("enqueue", enqueue).await;
    assert_eq!(enqueued, Enqueued::Done(vec![Admission::Duplicate; 10]));
    assert_eq!(thieved.world.drain().await, 10);
    // Within its window it is a duplicate when it is done, too.
    assert_eq!(
        thieved.queue.enqueue(new_jobs(jobs)).await.unwrap(),
        Enqueued::Done(vec![Admission::Duplicate; 10])
    );
    thieved.world.check().await;
}

#[tokio::test]
async fn everything_else_may_be_repeated() {
    let mut thieved = Thieved::fresh().await;
    let jobs = thieved.world.jobs("a", 10);
    thieved.world.push(jobs).await;
    let claims = thieved.world.take(5).await;
    let named: Vec<_> = claims.iter().map(|claim| claim.reference()).collect();
    assert_eq!(thieved.repeated("renew", || thieved.queue.renew(named.clone(), LEASE)).await, []);
    thieved.world.queue.settle(settlements(claims, bury)).await.unwrap();
    let debts = thieved.repeated("owed", || thieved.queue.owed(9)).await;
    assert_eq!(debts.len(), 5);
    let keys: Vec<_> = debts.iter().filter_map(Debt::letter).map(|letter| letter.key()).collect();
    let paid = || thieved.queue.paid(debts.iter().map(|debt| debt.id).collect());
    thieved.repeated("paid", paid).await;
    assert_eq!(thieved.repeated("purge", || thieved.queue.purge(keys.clone())).await, 0, "they are gone");
    let pending = thieved.world.logged(&lane(0))[9].clone();
    let cancel = Cancel { id: pending.id, job_type: pending.job_type.clone(), at: UnixMs(0) };
    assert!(!thieved.repeated("cancel", || thieved.queue.cancel(cancel.clone())).await, "it is done");
    thieved.repeated("sweep", || thieved.queue.sweep(9)).await;
    let lane = lane(0);
    let progress = thieved.repeated("progress", || thieved.queue.progress(&lane)).await;
    assert_eq!(progress.floor, Offset(5));
    assert_eq!(thieved.world.drain().await, 4);
    thieved.world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_all_answers_may_be_lost() {
    let mut thieved = Thieved::fresh().await;
    let (mut given, mut settled) = (0, 0);
    thieved.world.queue.resume(&lane(0), &Progress::default()).await.unwrap();
    thieved.proxy.steal(Theft::Share { probability: 0.1, seed: 5 });
    for _ in 0..60 {
        let jobs = thieved.world.jobs("a", 20);
        let push = thieved.world.append(&lane(0), jobs);
        let pushed = again("push", || thieved.queue.push(push.clone())).await;
        assert!(pushed == Pushed::whole() || pushed == Pushed::Wants(push.to), "{pushed:?}");
        let take = thieved.world.request(20);
        let claims = again("take", || thieved.queue.take(take.clone())).await;
        given += claims.len();
        let settlements = settlements(claims, complete);
        let answers = again("settle", || thieved.queue.settle(Arc::clone(&settlements))).await;
        settled += answers.iter().filter(|answer| **answer == Answer::Settled).count();
    }
    thieved.proxy.heal();
    let counts = thieved.world.counts("a").await;
    assert_eq!((given, counts.completed, counts.duplicates, counts.lost), (1_200, 1_200, 0, 0));
    assert!(settled < 1_200, "no answer to a settle was lost: the test shows nothing");
    thieved.world.check().await;
}
