//! Two shards: jobs go by their partition, and dead letters of both are one list and one lane.

use std::collections::BTreeSet;
use std::sync::Arc;

use wasmill_job::{
    Attempt, DeadLetter, Job, JobId, Offset, Partition, Progress, Topic, TopicPartition, UnixMs,
};
use wasmill_queue::{DeadQuery, Entry, Push, Pushed, Queue, RedisQueue};
use wasmill_tests::{Proxy, Theft};

use crate::world::{World, again, bury, complete, core, enqueue, failure, lane, name, queue_at, settle};

fn dead_lane() -> TopicPartition {
    TopicPartition::new(Topic::dead(), Partition(0))
}

/// Letters of jobs of both shards, as they stand in the log.
fn letters(world: &mut World, count: u32) -> Vec<Arc<DeadLetter>> {
    let letter = |job: Job| DeadLetter {
        job: Some(job),
        raw: None,
        failure: failure(),
        attempts: Attempt(3),
        died_at: UnixMs(1_799_999_999_000),
        origin: lane(0).at(Offset(1)),
    };
    (0..count).map(|number| Arc::new(letter(world.job_in("a", Partition(number % 2), 50)))).collect()
}

fn push_of(letters: &[Arc<DeadLetter>], from: u64, to: u64) -> Push {
    let entries = (from..to)
        .map(|offset| Entry::Dead { offset: Offset(offset), letter: Arc::clone(&letters[offset as usize]) });
    Push { lane: dead_lane(), from: Offset(from), to: Offset(to), passed: None, entries: entries.collect() }
}

/// All letters' keys, page by page.
async fn keys(queue: &RedisQueue, page: usize) -> Vec<String> {
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let query = DeadQuery { after, max: page, job_type: Some(name("a")) };
        let found = queue.dead(query).await.unwrap();
        assert!(found.letters.len() == page || found.next.is_none());
        keys.extend(found.letters.iter().map(|letter| letter.key()));
        match found.next {
            Some(next) => after = Some(next),
            None => return keys,
        }
    }
}

/// What a shard wants of the dead letters' lane.
async fn wanted(world: &World, shard: u16) -> i64 {
    let lane = world.redis.must(&["HGET", &format!("{{wasmill:{shard}}}:n"), "wasmill.dead/0"]).await.text();
    world.redis.must(&["HGET", &format!("{{wasmill:{shard}}}:n:{lane}"), "want"]).await.integer()
}

/// What a relay does, until the queue has everything.
async fn relayed(queue: &RedisQueue, letters: &[Arc<DeadLetter>]) {
    let end = letters.len() as u64;
    let (lane, nothing) = (dead_lane(), Progress::default());
    let mut from = again("resume", || queue.resume(&lane, &nothing)).await.0;
    for _ in 0..20 {
        match again("push", || queue.push(push_of(letters, from, end))).await {
            Pushed::Applied { .. } => return,
            Pushed::Wants(wanted) => from = wanted.0,
            other => panic!("{other:?}"),
        }
    }
    panic!("it wants something again and again");
}

#[tokio::test]
async fn a_partition_has_a_shard_of_its_own() {
    let mut world = World::with(&[], 2).await;
    for partition in 0..4 {
        let jobs = (0..10).map(|_| world.job_in("a", Partition(partition), 10)).collect();
        let push = world.append(&lane(partition), jobs);
        world.queue.resume(&push.lane, &Progress::default()).await.unwrap();
        assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
        assert_eq!(world.queue.progress(&lane(partition)).await.unwrap().floor, Offset(0));
    }
    for shard in 0..2 {
        let lanes = world.redis.must(&["HKEYS", &format!("{{wasmill:{shard}}}:n")]).await;
        let mine: BTreeSet<_> = [shard, shard + 2].map(|number| lane(number).to_string()).into();
        let wasmill_tests::Answer::Array(lanes) = lanes else { panic!("{lanes:?}") };
        assert_eq!(lanes.iter().map(|lane| lane.text()).collect::<BTreeSet<_>>(), mine);
        assert_eq!(world.redis.must(&["HLEN", &format!("{{wasmill:{shard}}}:j")]).await.integer(), 20);
    }
    assert_eq!(world.drain().await, 40);
    for partition in 0..4 {
        assert_eq!(world.queue.progress(&lane(partition)).await.unwrap().floor, Offset(10));
    }
    world.check().await;
}

#[tokio::test]
async fn dead_letters_of_both_shards_are_one_list_in_the_order_of_their_keys() {
    let mut world = World::with(&[], 2).await;
    let jobs: Vec<_> = (0..40).map(|number| world.job_in("a", Partition(number % 2), 10)).collect();
    enqueue(&world.queue, jobs.clone()).await;
    let claims = world.take(40).await;
    settle(&world.queue, claims, bury).await;
    let expected: Vec<_> =
        jobs.iter().map(|job| job.id.to_string()).collect::<BTreeSet<_>>().into_iter().collect();
    for page in [1, 7, 20, 40, 100] {
        assert_eq!(keys(&world.queue, page).await, expected);
    }
    assert_eq!(world.queue.purge(expected[..9].to_vec()).await.unwrap(), 9);
    assert_eq!(keys(&world.queue, 10).await, expected[9..]);
    world.check().await;
}

#[tokio::test]
async fn debts_of_one_shard_do_not_hide_those_of_another() {
    let mut world = World::with(&[], 2).await;
    // Those of the first shard fill more than an answer, and nobody can pay them.
    let first: Vec<_> = (0..50).map(|_| world.job_in("a", Partition(0), 10)).collect();
    let last = world.job_in("a", Partition(1), 10);
    for (partition, jobs) in [(0, first), (1, vec![last.clone()])] {
        let push = world.append(&lane(partition), jobs);
        world.queue.resume(&push.lane, &Progress::default()).await.unwrap();
        assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
    }
    let claims = world.take(100).await;
    settle(&world.queue, claims, bury).await;
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let owed = world.queue.owed(10).await.unwrap();
        assert_eq!(owed.len(), 10);
        seen.extend(owed.iter().filter_map(|debt| debt.letter()).map(|letter| letter.key()));
    }
    assert!(seen.contains(&last.id.to_string()), "{seen:?}");
    world.check().await;
}

#[tokio::test]
async fn the_dead_letters_lane_goes_on_where_each_shard_was() {
    let mut world = World::with(&[], 2).await;
    let all = letters(&mut world, 30);
    relayed(&world.queue, &all[..10]).await;
    let sorted = |letters: &[Arc<DeadLetter>]| {
        letters.iter().map(|letter| letter.key()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(keys(&world.queue, 4).await, sorted(&all[..10]));
    // One shard was rolled back: a crash had reached only the other.
    for (shard, back) in [(0, 4), (1, 7)] {
        let lane =
            world.redis.must(&["HGET", &format!("{{wasmill:{shard}}}:n"), "wasmill.dead/0"]).await.text();
        let key = format!("{{wasmill:{shard}}}:n:{lane}");
        world.redis.must(&["HSET", &key, "want", &back.to_string()]).await;
        let pushed = world.queue.push(push_of(&all, 10, 20)).await.unwrap();
        assert_eq!(pushed, Pushed::Wants(Offset(back)), "the least of what the shards want");
        relayed(&world.queue, &all[..20]).await;
        assert_eq!((wanted(&world, 0).await, wanted(&world, 1).await), (20, 20));
        assert_eq!(keys(&world.queue, 7).await, sorted(&all[..20]));
        world.redis.must(&["HSET", &key, "want", "10"]).await;
        relayed(&world.queue, &all[..20]).await;
    }
    assert_eq!(world.queue.progress(&dead_lane()).await.unwrap().floor, Offset(20));
    relayed(&world.queue, &all).await;
    assert_eq!(keys(&world.queue, 30).await, sorted(&all));
    world.check().await;
}

#[tokio::test]
async fn a_push_that_reached_one_of_two_shards_is_repeated_whole() {
    let mut world = World::with(&[], 2).await;
    let all = letters(&mut world, 20);
    let proxy = Proxy::before(world.redis.address()).await;
    let queue = queue_at(proxy.url(), 2);
    relayed(&queue, &all[..6]).await;
    // The first shard has it, and its answer is lost; the second is never asked.
    proxy.steal(Theft::Every(1));
    queue.push(push_of(&all, 6, 12)).await.unwrap_err();
    proxy.heal();
    assert_eq!((wanted(&world, 0).await, wanted(&world, 1).await), (12, 6));
    // A relay that has more by now, and one that has as much.
    let pushed = again("push", || queue.push(push_of(&all, 6, 20))).await;
    assert_eq!(pushed, Pushed::whole());
    assert_eq!((wanted(&world, 0).await, wanted(&world, 1).await), (20, 20));
    let ids: BTreeSet<JobId> = all.iter().map(|letter| letter.job.as_ref().unwrap().id).collect();
    let expected: Vec<_> = ids.iter().map(JobId::to_string).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(keys(&queue, 3).await, expected);
    // Wiped, all of them are read again.
    world.redis.flush_all().await;
    assert_eq!(queue.push(push_of(&all, 20, 20)).await.unwrap(), Pushed::Unknown);
    relayed(&queue, &all).await;
    assert_eq!(keys(&queue, 20).await, expected);
    let redriven = Job { redrives: 1, ..all[0].job.clone().unwrap() };
    enqueue(&queue, vec![redriven]).await;
    let claims = queue.take(world.request(1)).await.unwrap();
    assert_eq!(settle(&queue, claims, complete).await.len(), 1);
    assert_eq!(keys(&queue, 20).await.len(), 19);
    world.check().await;
    assert_eq!(core(1), "{wasmill:1}:c");
}
