//! Waiting without polling. These cases wait for the thing itself, with a deadline that only a failure reaches.

use std::time::Duration;

use tokio::time::timeout;
use wasmill_queue::Queue;

use super::QueueUnderTest;
use super::world::{LONG, World, bury, complete};

/// Long enough to see that nothing happens at once; a slower machine only sees less.
const MOMENT: Duration = Duration::from_millis(50);

async fn resolves<U: QueueUnderTest>(world: &World<U>) -> bool {
    timeout(MOMENT, world.queue.ready(LONG)).await.is_ok()
}

pub(crate) async fn resolves_when_a_job_is_pushed<U: QueueUnderTest>(world: &mut World<U>) {
    assert!(world.take(5).await.is_empty());
    assert!(!resolves(world).await);
    let queue = world.handle();
    assert!(queue.take(world.request(2, 5, &[("a", None)])).await.unwrap().is_empty());
    let waiting = tokio::spawn(async move { queue.ready(LONG).await });
    let job = world.job("a");
    world.push([job]).await;
    // Two wait, and there is one job: at least one of them is woken.
    let woken = async {
        tokio::select! {
            waited = waiting => waited.unwrap(),
            () = world.queue.ready(LONG) => {}
        }
    };
    timeout(LONG / 2, woken).await.unwrap();
    assert_eq!(world.take(5).await.len(), 1);
}

pub(crate) async fn resolves_at_once_after_a_full_take<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs).await;
    assert_eq!(world.take(2).await.len(), 2);
    timeout(LONG / 2, world.queue.ready(LONG)).await.unwrap();
    assert_eq!(world.take(2).await.len(), 1);
    assert!(!resolves(world).await, "that was all");
}

pub(crate) async fn does_not_resolve_for_what_cannot_be_taken<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 5), world.jobs("b", 2));
    world.push(a).await;
    world.push(b).await;
    assert_eq!(world.take_as(1, 10, &[("a", Some(1))]).await.len(), 1);
    assert!(!resolves(world).await, "a worker that cannot take what there is must not spin");
}

pub(crate) async fn resolves_when_a_place_is_free_again<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs).await;
    let mut claims = world.take_as(1, 10, &[("a", Some(1))]).await;
    assert_eq!(claims.len(), 1);
    assert!(!resolves(world).await);
    world.settle(claims.remove(0), complete()).await;
    timeout(LONG / 2, world.queue.ready(LONG)).await.unwrap();
    assert_eq!(world.take_as(1, 10, &[("a", Some(1))]).await.len(), 1);
}

pub(crate) async fn resolves_in_time_anyway<U: QueueUnderTest>(world: &mut World<U>) {
    assert!(world.take(5).await.is_empty());
    timeout(LONG, world.queue.ready(MOMENT)).await.unwrap();
    timeout(LONG, world.queue.owing(MOMENT)).await.unwrap();
}

pub(crate) async fn owing_resolves_when_something_is_owed<U: QueueUnderTest>(world: &mut World<U>) {
    assert!(timeout(MOMENT, world.queue.owing(LONG)).await.is_err());
    let queue = world.handle();
    let waiting = tokio::spawn(async move { queue.owing(LONG).await });
    let job = world.job("a");
    world.push([job]).await;
    world.run_one(bury()).await;
    timeout(LONG / 2, waiting).await.unwrap().unwrap();
    let debt = world.queue.owed(1).await.unwrap()[0].id;
    world.queue.paid(vec![debt]).await.unwrap();
    assert!(timeout(MOMENT, world.queue.owing(LONG)).await.is_err());
}
