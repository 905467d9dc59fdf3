//! Two sets of servers: which one a job is in, its generation says, and limits hold for each.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{
    Attempt, Cancel, DeadLetter, Generation, IdSource, Job, Offset, Partition, Progress, ServerSet, Topic,
    TopicPartition, UnixMs,
};
use wasmill_queue::{
    Admission, Answer, DeadQuery, Enqueued, Entry, NewJob, Offer, Push, Pushed, Queue, QueueError,
    RedisConfig, RedisQueue, RedisServers, RedisStartError, State, Take, TypeOffer, WorkerId,
};
use wasmill_tests::Redis;

use crate::world::{
    LEASE, bury, check, complete, enqueue, failure, made, name, new_job, offer, settle, started,
};

/// A generation of the main set, one of the second, and one of a third that is not there.
const MAIN: Generation = Generation(1);
const BIG: Generation = Generation(65);
const NOWHERE: Generation = Generation(129);

/// Two servers with two shards as the main set, one with three as the second.
struct Sets {
    main: [Redis; 2],
    big: Redis,
}

impl Sets {
    async fn start() -> Self {
        Self { main: [Redis::start().await, Redis::start().await], big: Redis::start().await }
    }

    fn main(&self) -> RedisServers {
        servers(&self.main.each_ref(), 2)
    }

    /// The queue of a process that knows both sets.
    fn queue(&self) -> RedisQueue {
        let more = vec![servers(&[&self.big], 3)];
        RedisQueue::new(&RedisConfig { main: self.main(), more, ..RedisConfig::new("") }).unwrap()
    }

    /// The queue of one from before there was a second.
    fn old_queue(&self) -> RedisQueue {
        RedisQueue::new(&RedisConfig { main: self.main(), ..RedisConfig::new("") }).unwrap()
    }
}

fn servers(servers: &[&Redis], shards: u16) -> RedisServers {
    let shards = NonZeroU16::new(shards).unwrap();
    RedisServers { servers: servers.iter().map(|redis| redis.url()).collect(), shards }
}

/// So many jobs of each of six partitions.
fn jobs(generation: Generation, count: u32) -> Vec<Job> {
    let mut ids = IdSource::default();
    let mut id = |partition| {
        ids.next(UnixMs(1_799_999_999_000), 7 + u64::from(generation.0), generation, Partition(partition))
    };
    (0..6 * count).map(|number| made(id(number % 6), "a", 100)).collect()
}

fn lane(generation: Generation, partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::queue(&"mail".parse().unwrap(), generation), Partition(partition))
}

fn take(request: u64, max: usize, offer: Arc<Offer>) -> Take {
    Take { worker: WorkerId(1), request, max, lease: LEASE, offer }
}

/// The jobs on a shard of a server.
async fn held(redis: &Redis, shard: u32) -> String {
    redis.must(&["HLEN", &format!("{{wasmill:{shard}}}:j")]).await.text()
}

#[tokio::test]
async fn a_generation_says_which_servers_its_jobs_are_on() {
    let sets = Sets::start().await;
    let queue = sets.queue();
    started(&queue).await;
    let (old, new) = (jobs(MAIN, 1), jobs(BIG, 2));
    enqueue(&queue, old.clone()).await;
    enqueue(&queue, new.clone()).await;
    // Shards of all sets are numbered through.
    for (redis, shard, jobs) in [
        (&sets.main[0], 0, "3"),
        (&sets.main[1], 1, "3"),
        (&sets.big, 2, "4"),
        (&sets.big, 3, "4"),
        (&sets.big, 4, "4"),
    ] {
        assert_eq!(held(redis, shard).await, jobs, "shard {shard}");
    }
    let parts: BTreeSet<_> = new.iter().map(|job| queue.part_of(job.id)).collect();
    assert_eq!((queue.parts(), parts), (3, [2].into()));
    for job in old.iter().chain(&new) {
        let view = queue.job(job.id).await.unwrap().unwrap();
        assert_eq!((view.id, view.state), (job.id, State::Pending));
    }
    assert!(queue.cancel(Cancel { id: new[0].id, job_type: name("a"), at: UnixMs(1) }).await.unwrap());
    let claims = queue.take(take(1, 100, offer(&["a"]))).await.unwrap();
    assert_eq!(claims.len(), 17);
    let references = claims.iter().map(wasmill_queue::Claim::reference).collect();
    assert_eq!(queue.renew(references, LEASE).await.unwrap().len(), 0, "none is lost");
    assert_eq!(settle(&queue, claims, complete).await, [Answer::Settled; 17]);
    check(&queue).await;
}

#[tokio::test]
async fn a_lane_is_with_its_jobs_and_dead_letters_are_with_theirs() {
    let sets = Sets::start().await;
    let queue = sets.queue();
    started(&queue).await;
    for generation in [MAIN, BIG] {
        let lane = lane(generation, 4);
        let job = jobs(generation, 1).remove(4);
        assert_eq!(queue.resume(&lane, &Progress::default()).await.unwrap(), Offset(0));
        let entries = vec![Entry::Job { offset: Offset(0), new: new_job(job) }];
        let push = Push { lane, from: Offset(0), to: Offset(1), passed: None, entries };
        assert_eq!(queue.push(push).await.unwrap(), Pushed::whole());
    }
    assert_eq!((held(&sets.main[0], 0).await, held(&sets.big, 3).await), ("1".into(), "1".into()));
    let claims = queue.take(take(1, 10, offer(&["a"]))).await.unwrap();
    assert_eq!(settle(&queue, claims, bury).await, [Answer::Settled; 2]);
    assert_eq!(queue.dead(DeadQuery { max: 10, ..DeadQuery::default() }).await.unwrap().letters.len(), 2);
    let debts = queue.owed(10).await.unwrap();
    assert_eq!(debts.len(), 2);
    queue.paid(debts.iter().map(|debt| debt.id).collect()).await.unwrap();
    for generation in [MAIN, BIG] {
        assert_eq!(queue.progress(&lane(generation, 4)).await.unwrap().floor, Offset(1));
    }
    check(&queue).await;
}

/// The topic of dead letters is on all shards: one of before there was a second set is read again for those of that.
#[tokio::test]
async fn a_set_that_is_added_gets_the_dead_letters_that_belong_to_it() {
    let sets = Sets::start().await;
    let old = sets.old_queue();
    started(&old).await;
    let dead = TopicPartition::new(Topic::dead(), Partition(0));
    let letter = |job: Job, offset| {
        let origin = lane(job.id.generation(), 0).at(Offset(offset));
        let letter = DeadLetter {
            job: Some(job),
            raw: None,
            failure: failure(),
            attempts: Attempt(1),
            died_at: UnixMs(1_800_000_000_000),
            origin,
        };
        Entry::Dead { offset: Offset(offset), letter: Arc::new(letter) }
    };
    let push = |from, to, entries| Push {
        lane: dead.clone(),
        from: Offset(from),
        to: Offset(to),
        passed: None,
        entries,
    };
    old.resume(&dead, &Progress::default()).await.unwrap();
    let first = letter(jobs(MAIN, 1).remove(0), 0);
    assert_eq!(old.push(push(0, 1, vec![first.clone()])).await.unwrap(), Pushed::whole());

    let queue = sets.queue();
    started(&queue).await;
    // The new shards want the topic from its beginning; the others drop what they have had.
    assert_eq!(queue.resume(&dead, &Progress::default()).await.unwrap(), Offset(0));
    let second = letter(jobs(BIG, 1).remove(0), 1);
    let mut from = Offset(0);
    while from < Offset(2) {
        let entries = [&first, &second].into_iter().filter(|entry| entry.offset() >= from).cloned().collect();
        match queue.push(push(from.0, 2, entries)).await.unwrap() {
            Pushed::Applied { .. } => from = Offset(2),
            Pushed::Wants(wanted) => from = wanted,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(queue.dead(DeadQuery { max: 10, ..DeadQuery::default() }).await.unwrap().letters.len(), 2);
    // A process that does not know the set says so, and shows nothing else than it has.
    let third = letter(jobs(BIG, 1).remove(1), 2);
    assert!(sentence(old.push(push(2, 3, vec![third])).await.unwrap_err()));
    check(&queue).await;
}

#[tokio::test]
async fn what_lies_in_a_set_that_a_process_does_not_know_is_refused_with_a_sentence() {
    let sets = Sets::start().await;
    let queue = sets.queue();
    started(&queue).await;
    let stranger = jobs(NOWHERE, 1).remove(0);
    assert_eq!(stranger.id.generation().server_set(), ServerSet(2));
    let lane = lane(NOWHERE, 0);
    assert!(sentence(queue.job(stranger.id).await.unwrap_err()));
    let cancel = Cancel { id: stranger.id, job_type: name("a"), at: UnixMs(1) };
    assert!(sentence(queue.cancel(cancel).await.unwrap_err()));
    assert!(sentence(queue.enqueue(vec![new_job(stranger.clone())]).await.unwrap_err()));
    assert!(sentence(queue.resume(&lane, &Progress::default()).await.unwrap_err()));
    assert!(sentence(queue.progress(&lane).await.unwrap_err()));
    let entries = vec![Entry::Job { offset: Offset(0), new: new_job(stranger.clone()) }];
    let push = Push { lane, from: Offset(0), to: Offset(1), passed: None, entries };
    assert!(sentence(queue.push(push).await.unwrap_err()));
    let parked = TopicPartition::new(Topic::parked_in(&name("a"), ServerSet(2)), Partition(0));
    assert!(sentence(queue.resume(&parked, &Progress::default()).await.unwrap_err()));
    assert_eq!(queue.part_of(stranger.id), 0, "a part there is");
    check(&queue).await;
}

/// Whether an error says what to do.
fn sentence(error: QueueError) -> bool {
    let said = error.to_string();
    said.contains("of Redis servers, counted from 0") && said.contains("[[queue.more]]")
}

#[tokio::test]
async fn each_set_keeps_limits_of_its_own() {
    let sets = Sets::start().await;
    let queue = sets.queue();
    started(&queue).await;
    let limited = |job: Job| NewJob { max_pending: Some(6), ..new_job(job) };
    for generation in [MAIN, BIG] {
        let jobs: Vec<_> = jobs(generation, 2).into_iter().map(limited).collect();
        let Enqueued::Done(fates) = queue.enqueue(jobs).await.unwrap() else { panic!("it is full") };
        let taken_in = fates.iter().filter(|fate| **fate == Admission::Accepted).count();
        assert_eq!(taken_in, 6, "divided over the shards of the set alone");
    }
    let six = TypeOffer { concurrency: Some(6), ..TypeOffer::default() };
    let offer = Arc::new(Offer { types: [(name("a"), six)].into(), ..Offer::clone(&offer(&[])) });
    let claims = queue.take(take(1, 100, offer)).await.unwrap();
    let of = |generation| claims.iter().filter(|claim| claim.job.id.generation() == generation).count();
    assert_eq!((of(MAIN), of(BIG)), (6, 6));
    settle(&queue, claims, complete).await;
    check(&queue).await;
}

#[tokio::test]
async fn no_server_is_in_two_sets() {
    let redis = Redis::start().await;
    let set = || servers(&[&redis], 1);
    let config = RedisConfig { main: set(), more: vec![set()], ..RedisConfig::new("") };
    match RedisQueue::new(&config) {
        Err(RedisStartError::Refused(why)) => assert!(why.contains("twice"), "{why}"),
        _ => panic!("it is not refused"),
    }
    let uneven = RedisServers { shards: NonZeroU16::MIN, ..servers(&[&redis, &redis], 2) };
    let config = RedisConfig { more: vec![uneven], ..RedisConfig::new("redis://127.0.0.1:1") };
    assert!(
        matches!(RedisQueue::new(&config), Err(RedisStartError::Refused(why)) if why.contains("a multiple"))
    );
}

#[tokio::test]
async fn the_jobs_of_one_set_flow_while_the_other_is_down() {
    let mut sets = Sets::start().await;
    let queue = sets.queue();
    started(&queue).await;
    enqueue(&queue, jobs(MAIN, 1)).await;
    sets.big.kill();
    let claims = queue.take(take(1, 100, offer(&["a"]))).await.unwrap();
    assert_eq!(settle(&queue, claims, complete).await, [Answer::Settled; 6]);
    let names = |error: QueueError| error.to_string().contains(&sets.big.address().to_string());
    assert!(names(queue.enqueue(jobs(BIG, 1).into_iter().map(new_job).collect()).await.unwrap_err()));
    assert!(queue.away(Duration::ZERO).len() == 1);
    sets.big.restart().await;
}
