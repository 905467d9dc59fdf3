//! Purge: dead letters thrown away.

use wasmill_queue::{DeadQuery, Queue, State};

use super::QueueUnderTest;
use super::world::{World, bury};

pub(crate) async fn throws_letters_away<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.enqueue(jobs.clone()).await;
    let claims = world.take(4).await;
    world.settle_all(claims.into_iter().map(|claim| (claim, bury()))).await;
    let keys = vec![jobs[0].id.to_string(), "never heard of".into(), jobs[2].id.to_string()];
    assert_eq!(world.queue.purge(keys.clone()).await.unwrap(), 2);
    assert_eq!(world.queue.purge(keys).await.unwrap(), 0);
    world.restart().await;
    assert_eq!((world.state(&jobs[0]).await, world.state(&jobs[1]).await), (None, Some(State::Dead)));
    assert_eq!(world.counts("a").await.dead, 2);
    let query = DeadQuery { max: 10, ..DeadQuery::default() };
    assert_eq!(world.queue.dead(query).await.unwrap().letters.len(), 2);
}

pub(crate) async fn leaves_what_is_owed<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    let key = vec![job.id.to_string()];
    assert_eq!(world.queue.purge(key.clone()).await.unwrap(), 0);
    let debt = world.queue.owed(10).await.unwrap()[0].id;
    world.queue.paid(vec![debt]).await.unwrap();
    assert_eq!(world.queue.purge(key).await.unwrap(), 1);
    assert_eq!(world.state(&job).await, None);
}
