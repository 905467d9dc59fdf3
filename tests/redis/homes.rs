//! Where a job's record stands, and that what becomes of the job settles that place: jobs that came without a log and come
//! again through one, jobs that were cancelled and come again, partitions that were adopted.

use std::time::Duration;

use wasmill_job::{Attempt, CopyOf, Job, JobType, Offset, Priority, Progress, TopicPartition};
use wasmill_queue::{Answer, DeadQuery, Entry, NewJob, Push, Pushed, Queue, State};

use crate::world::{World, bury, complete, enqueue, keyed, lane, live, new_job, settle};

/// A push of these entries, one offset each.
async fn push(world: &World, lane: &TopicPartition, from: u64, entries: Vec<Entry>) -> Pushed {
    let to = Offset(from + entries.len() as u64);
    let push = Push { lane: lane.clone(), from: Offset(from), to, passed: None, entries };
    world.queue.push(push).await.unwrap()
}

fn entry(offset: u64, job: &Job) -> Entry {
    Entry::Job { offset: Offset(offset), new: new_job(job.clone()) }
}

fn dropped(offset: u64) -> Pushed {
    Pushed::Applied { duplicates: vec![lane(0).at(Offset(offset))] }
}

async fn floor(world: &World) -> Offset {
    world.queue.progress(&lane(0)).await.unwrap().floor
}

#[tokio::test]
async fn a_job_that_came_without_a_log_gets_a_place_in_one() {
    let mut world = World::fresh().await;
    world.queue.resume(&lane(0), &Progress::default()).await.unwrap();
    for (offset, is_in_flight) in [(0, false), (1, true)] {
        let job = keyed("a", &offset.to_string());
        enqueue(&world.queue, vec![job.clone()]).await;
        let mut claims = if is_in_flight { world.take(1).await } else { Vec::new() };
        assert_eq!(push(&world, &lane(0), offset, vec![entry(offset, &job)]).await, dropped(offset));
        assert_eq!(floor(&world).await, Offset(offset), "it waits for the job");
        world.check().await;
        if !is_in_flight {
            claims = world.take(1).await;
        }
        assert_eq!(settle(&world.queue, claims, complete).await, [Answer::Settled]);
        assert_eq!(floor(&world).await, Offset(offset + 1));
    }
    // One that dies owes the log its letter.
    let job = keyed("a", "2");
    enqueue(&world.queue, vec![job.clone()]).await;
    assert_eq!(push(&world, &lane(0), 2, vec![entry(2, &job)]).await, dropped(2));
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let debts = world.queue.owed(10).await.unwrap();
    assert_eq!(debts[0].letter().unwrap().origin, lane(0).at(Offset(2)));
    assert_eq!(floor(&world).await, Offset(2));
    world.queue.paid(vec![debts[0].id]).await.unwrap();
    assert_eq!(floor(&world).await, Offset(3));
    world.check().await;
}

#[tokio::test]
async fn a_cancelled_job_that_comes_again_has_its_new_priority() {
    let mut world = World::fresh().await;
    world.queue.resume(&lane(0), &Progress::default()).await.unwrap();
    let again = Job { priority: Priority::Low, ..keyed("a", "again") };
    let others = [keyed("a", "one"), keyed("a", "two")];
    let urgent = Job { priority: Priority::Urgent, ..again.clone() };
    // Without a window nothing says that it was cancelled.
    let new = NewJob { dedup_window: Duration::ZERO, ..new_job(urgent) };
    let entries = vec![Entry::Job { offset: Offset(0), new }, entry(1, &others[0]), entry(2, &others[1])];
    assert_eq!(push(&world, &lane(0), 0, entries).await, Pushed::whole());
    for offset in 3..6 {
        assert!(world.queue.cancel(cancel(&again)).await.unwrap());
        assert_eq!(world.state(&again).await, Some(State::Cancelled));
        let new = NewJob { dedup_window: Duration::ZERO, ..new_job(again.clone()) };
        assert_eq!(
            push(&world, &lane(0), offset, vec![Entry::Job { offset: Offset(offset), new }]).await,
            Pushed::whole()
        );
        world.check().await;
    }
    let ids: Vec<_> = world.take(10).await.iter().map(|claim| claim.job.id).collect();
    assert_eq!(ids, [others[0].id, others[1].id, again.id]);
    world.check().await;
}

fn cancel(job: &Job) -> wasmill_job::Cancel {
    wasmill_job::Cancel { id: job.id, job_type: job.job_type.clone(), at: wasmill_job::UnixMs(0) }
}

#[tokio::test]
async fn an_adopted_partition_leaves_behind_its_name_and_what_its_copies_need() {
    let mut world = World::fresh().await;
    let progress = Progress {
        floor: Offset(2),
        settled: std::iter::once(70_000..70_002).collect(),
        ..Progress::default()
    };
    world.queue.resume(&lane(0), &progress).await.unwrap();
    let jobs = [keyed("a", "one"), keyed("a", "two")];
    assert_eq!(
        push(&world, &lane(0), 2, vec![entry(2, &jobs[0]), entry(3, &jobs[1])]).await,
        Pushed::whole()
    );
    let parked = Entry::Parked { offset: Offset(4), job_type: "a".parse::<JobType>().unwrap() };
    push(&world, &lane(0), 4, vec![parked]).await;
    let claims = world.take(1).await;
    world.queue.adopt(&lane(0), Offset(100), 1).await.unwrap();
    assert_eq!(world.queue.passed(&lane(0)).await.unwrap(), None);
    // What came before lives on, and touches nothing of the new offsets.
    settle(&world.queue, claims, complete).await;
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let letters = world.queue.dead(DeadQuery { max: 10, ..DeadQuery::default() }).await.unwrap().letters;
    assert_eq!(letters[0].origin, lane(0).at(Offset(3)));
    let debts = world.queue.owed(10).await.unwrap().iter().map(|debt| debt.id).collect();
    world.queue.paid(debts).await.unwrap();
    let at_100 = Progress { floor: Offset(100), ..Progress::default() };
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), at_100);
    // A copy of what was inherited before is the job, once; nobody waits for what was parked before.
    let of = CopyOf { origin: lane(0).at(Offset(1)), attempts: Attempt(0), due_at: None };
    let copy = |offset: u64, key: &str| {
        let new = new_job(keyed("a", key));
        Entry::Copy { offset: Offset(offset), new, of: of.clone() }
    };
    let entries = vec![copy(100, "three"), entry(101, &keyed("a", "four"))];
    assert_eq!(push(&world, &lane(0), 100, entries).await, Pushed::whole());
    assert_eq!(push(&world, &lane(0), 102, vec![copy(102, "five")]).await, dropped(102));
    for kept in ["i:1", "i:1:1", "q:1"] {
        let key = format!("{{wasmill:0}}:{kept}");
        assert_eq!(world.redis.must(&["EXISTS", &key]).await, wasmill_tests::Answer::Integer(1), "{key}");
    }
    for piece in ["b:1:0", "b:1:1"] {
        let ttl = world.redis.must(&["PTTL", &format!("{{wasmill:0}}:{piece}")]).await;
        assert!(matches!(ttl, wasmill_tests::Answer::Integer(1..)), "{piece} goes away by itself: {ttl:?}");
    }
    world.drain().await;
    assert_eq!(live(&world.queue.counts().await.unwrap()), 0);
    world.check().await;
}
