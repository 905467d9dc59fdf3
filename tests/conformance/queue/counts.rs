//! Counts per type and state.

use std::time::Duration;

use wasmill_job::Cancel;
use wasmill_queue::{Counts, Queue};

use super::QueueUnderTest;
use super::world::{World, bury, complete, retry};

async fn mixed<U: QueueUnderTest>(world: &mut World<U>) -> Counts {
    let (a, b) = (world.jobs("a", 8), world.jobs("b", 1));
    world.push(a.clone()).await;
    world.push(b).await;
    world.push([a[7].clone()]).await;
    let claims = world.take_as(1, 5, &[("a", None)]).await;
    let verdicts = [complete(), complete(), bury(), retry(Duration::from_secs(60))];
    world.settle_all(claims.into_iter().zip(verdicts)).await;
    let cancel = Cancel { id: a[7].id, job_type: a[7].job_type.clone(), at: world.now() };
    assert!(world.queue.cancel(cancel).await.unwrap());
    Counts {
        pending: 2,
        scheduled: 1,
        in_flight: 1,
        dead: 1,
        accepted: 8,
        completed: 2,
        cancelled: 1,
        retried: 1,
        lost: 0,
        duplicates: 1,
    }
}

pub(crate) async fn tell_every_state<U: QueueUnderTest>(world: &mut World<U>) {
    let expected = mixed(world).await;
    assert_eq!(world.counts("a").await, expected);
    assert_eq!(world.counts("b").await, Counts { pending: 1, accepted: 1, ..Counts::default() });
    assert_eq!(world.queue.counts().await.unwrap().len(), 2);
}

pub(crate) async fn survive_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let before = mixed(world).await;
    world.restart().await;
    let after = world.counts("a").await;
    assert_eq!(after.pending + after.in_flight, before.pending + before.in_flight);
    assert_eq!(
        Counts { pending: 0, in_flight: 0, lost: 0, ..after },
        Counts { pending: 0, in_flight: 0, ..before }
    );
}
