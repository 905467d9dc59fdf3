//! Queues of different names in one Redis do not see each other.

use wasmill_job::{Offset, Progress};
use wasmill_queue::{Pushed, Queue, RedisConfig, RedisQueue};

use crate::world::{World, bury, check, complete, enqueue, lane, settle, started};

#[tokio::test]
async fn two_names_are_two_queues() {
    let mut world = World::with(&[], 2).await;
    let config = |name: &str| RedisConfig { name: name.into(), ..RedisConfig::new(world.redis.url()) };
    let others = [RedisQueue::new(&config("wasmill-2")).unwrap(), RedisQueue::new(&config("other")).unwrap()];
    let jobs = world.jobs("a", 10);
    world.push(jobs.clone()).await;
    let claims = world.take(2).await;
    settle(&world.queue, claims, bury).await;
    for other in &others {
        started(other).await;
        assert!(other.counts().await.unwrap().is_empty());
        assert_eq!(other.job(jobs[9].id).await.unwrap(), None);
        assert_eq!(other.take(world.request(9)).await.unwrap().len(), 0);
        assert_eq!(other.owed(9).await.unwrap().len(), 0);
        assert_eq!(other.push(world.piece(&lane(0), Offset(10), Offset(10))).await.unwrap(), Pushed::Unknown);
        assert_eq!(other.resume(&lane(0), &Progress::default()).await.unwrap(), Offset(0));
        // The same jobs, ids and all, are others there.
        enqueue(other, jobs.clone()).await;
        let claims = other.take(world.request(10)).await.unwrap();
        assert_eq!(settle(other, claims, complete).await.len(), 10);
        check(other).await;
    }
    assert_eq!(world.counts("a").await.pending, 8);
    world.check().await;
    let keys = world.redis.must(&["KEYS", "*"]).await;
    let wasmill_tests::Answer::Array(keys) = keys else { panic!("{keys:?}") };
    let tags = ["{wasmill:0}:", "{wasmill:1}:", "{wasmill-2:0}:", "{other:0}:"];
    for key in keys.iter().map(wasmill_tests::Answer::text) {
        assert!(tags.iter().any(|tag| key.starts_with(tag)), "{key}");
    }
}
