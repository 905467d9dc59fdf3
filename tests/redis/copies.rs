//! Parked jobs and copies as Redis keeps them: what a push costs that has to do with them and one that has not, and what is
//! left of them in the end.

use wasmill_job::{
    Attempt, CopyOf, Job, Offset, Partition, Passed, Progress, RecordHash, Topic, TopicPartition, UnixMs,
};
use wasmill_queue::{Answer, Entry, NewJob, Push, Pushed, Queue, State};

use crate::world::{World, complete, lane, name, new_job, retry, settle};

fn parked_lane() -> TopicPartition {
    TopicPartition::new(Topic::parked(&name("a")), Partition(0))
}

async fn push(world: &World, lane: &TopicPartition, from: u64, entries: Vec<Entry>) -> Pushed {
    let to = Offset(from + entries.len() as u64);
    let push = Push { lane: lane.clone(), from: Offset(from), to, passed: None, entries };
    world.queue.push(push).await.unwrap()
}

fn entry(offset: u64, job: &Job) -> Entry {
    Entry::Job { offset: Offset(offset), new: new_job(job.clone()) }
}

fn limited(offset: u64, job: &Job, most: u64) -> Entry {
    let new = NewJob { max_pending: Some(most), ..new_job(job.clone()) };
    Entry::Job { offset: Offset(offset), new }
}

fn parked(offset: u64) -> Entry {
    Entry::Parked { offset: Offset(offset), job_type: name("a") }
}

fn copy(offset: u64, job: &Job, origin: u64) -> Entry {
    tried(offset, job, origin, 0, None)
}

fn tried(offset: u64, job: &Job, origin: u64, attempts: u32, due_at: Option<UnixMs>) -> Entry {
    let of = CopyOf { origin: lane(0).at(Offset(origin)), attempts: Attempt(attempts), due_at };
    Entry::Copy { offset: Offset(offset), new: new_job(job.clone()), of }
}

fn over(room: usize) -> Pushed {
    Pushed::Over([(name("a"), room)].into())
}

fn dropped(lane: &TopicPartition, offset: u64) -> Pushed {
    Pushed::Applied { duplicates: vec![lane.at(Offset(offset))] }
}

fn progress(floor: u64, settled: &[(u64, u64)]) -> Progress {
    Progress {
        floor: Offset(floor),
        settled: settled.iter().map(|(from, to)| *from..*to).collect(),
        ..Progress::default()
    }
}

async fn resumed(progress_: &Progress) -> World {
    let world = World::fresh().await;
    world.queue.resume(&lane(0), progress_).await.unwrap();
    world.queue.resume(&parked_lane(), &Progress::default()).await.unwrap();
    world
}

/// Takes one job, which must be this one, at this attempt, and completes it.
async fn completes(world: &mut World, job: &Job, attempt: u32) {
    let claims = world.take(1).await;
    let got: Vec<_> = claims.iter().map(|claim| (claim.job.id, claim.attempt.0)).collect();
    assert_eq!(got, [(job.id, attempt)]);
    assert_eq!(settle(&world.queue, claims, complete).await, [Answer::Settled]);
}

#[tokio::test]
async fn parked_jobs_come_again_in_their_order() {
    let mut world = resumed(&progress(0, &[])).await;
    let jobs = world.jobs("a", 5);
    let other = world.job("b");
    // Of three there is room for one; nothing is applied, not even the neighbour.
    let all =
        vec![limited(0, &jobs[0], 1), entry(1, &other), limited(2, &jobs[1], 1), limited(3, &jobs[2], 1)];
    assert_eq!(push(&world, &lane(0), 0, all).await, over(1));
    assert!(world.queue.counts().await.unwrap().is_empty());
    let fits = vec![limited(0, &jobs[0], 1), entry(1, &other), parked(2), parked(3)];
    assert_eq!(push(&world, &lane(0), 0, fits).await, Pushed::whole());
    // Later ones wait behind them, also where there is no limit; other types do not.
    assert_eq!(push(&world, &lane(0), 4, vec![entry(4, &jobs[3])]).await, over(0));
    assert_eq!(push(&world, &lane(0), 4, vec![entry(4, &jobs[0])]).await, dropped(&lane(0), 4));
    assert_eq!(push(&world, &lane(0), 5, vec![parked(5)]).await, Pushed::whole());
    world.check().await;
    // One of which nothing has been passed is early, and one for which there is no room is over.
    assert_eq!(push(&world, &parked_lane(), 0, vec![copy(0, &jobs[4], 6)]).await, Pushed::Early(Offset(0)));
    let full = Entry::Copy {
        offset: Offset(0),
        new: NewJob { max_pending: Some(1), ..new_job(jobs[1].clone()) },
        of: CopyOf { origin: lane(0).at(Offset(2)), attempts: Attempt(0), due_at: None },
    };
    assert_eq!(push(&world, &parked_lane(), 0, vec![full]).await, over(0));
    // They come; one too many does not.
    assert_eq!(push(&world, &parked_lane(), 0, vec![copy(0, &jobs[1], 2)]).await, Pushed::whole());
    assert_eq!(push(&world, &parked_lane(), 1, vec![copy(1, &jobs[1], 2)]).await, dropped(&parked_lane(), 1));
    completes(&mut world, &jobs[0], 1).await;
    assert_eq!(push(&world, &lane(0), 6, vec![entry(6, &jobs[4])]).await, over(0));
    world.check().await;
    let rest = vec![copy(2, &jobs[2], 3), copy(3, &jobs[3], 5)];
    assert_eq!(push(&world, &parked_lane(), 2, rest).await, Pushed::whole());
    assert_eq!(push(&world, &lane(0), 6, vec![entry(6, &jobs[4])]).await, Pushed::whole());
    world.check().await;
    let rest = world.redis.must(&["EXISTS", "{wasmill:0}:q:1", "{wasmill:0}:q:1:0:0"]).await;
    assert_eq!(rest, wasmill_tests::Answer::Integer(0), "nothing is left of the parked jobs");
    assert_eq!(world.drain().await, 5);
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(7, &[]));
    assert_eq!(world.queue.progress(&parked_lane()).await.unwrap(), progress(4, &[]));
    world.check().await;
}

#[tokio::test]
async fn a_job_that_is_appended_again_moves_with_all_its_state() {
    let mut world = resumed(&progress(0, &[])).await;
    let jobs = world.jobs("a", 3);
    let entries = jobs.iter().zip(0..).map(|(job, offset)| entry(offset, job)).collect();
    assert_eq!(push(&world, &lane(0), 0, entries).await, Pushed::whole());
    // The first is scheduled after an attempt, the second in flight, the third pending.
    let claims = world.take(1).await;
    settle(&world.queue, claims, || wasmill_job::Verdict::Retry {
        pause: crate::world::LEASE,
        failure: crate::world::failure(),
    })
    .await;
    let claims = world.take(1).await;
    let copies = (0..3).map(|at| copy(at + 3, &jobs[at as usize], at)).collect();
    assert_eq!(push(&world, &lane(0), 3, copies).await, Pushed::whole());
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(3, &[]));
    world.check().await;
    let counts = world.counts("a").await;
    assert_eq!((counts.scheduled, counts.in_flight, counts.pending, counts.accepted), (1, 1, 1, 3));
    assert_eq!(settle(&world.queue, claims, complete).await, [Answer::Settled]);
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(3, &[(4, 5)]));
    // Once more, within one push, of one that is not there any more and of one that is.
    assert_eq!(
        push(&world, &lane(0), 6, vec![copy(6, &jobs[1], 4), copy(7, &jobs[2], 5), copy(8, &jobs[2], 7)])
            .await,
        dropped(&lane(0), 6)
    );
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(3, &[(4, 8)]));
    completes(&mut world, &jobs[2], 1).await;
    world.make_due("z").await;
    world.queue.sweep(10).await.unwrap();
    completes(&mut world, &jobs[0], 2).await;
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(9, &[]));
    world.check().await;
}

#[tokio::test]
async fn copies_of_what_an_earlier_queue_settled_begin_here() {
    let mut world = resumed(&progress(4, &[(6, 8), (70_000, 70_002)])).await;
    // A resume in normal operation says nothing new.
    for _ in 0..2 {
        world.queue.resume(&lane(0), &progress(4, &[(6, 8), (70_000, 70_002)])).await.unwrap();
    }
    let jobs = world.jobs("a", 5);
    // Of the floor, of a range above it, and of what is not settled.
    let entries = vec![tried(4, &jobs[0], 1, 2, None), copy(5, &jobs[1], 4)];
    assert_eq!(push(&world, &lane(0), 4, entries).await, dropped(&lane(0), 5));
    let far = UnixMs(u64::MAX >> 17);
    let parked = vec![tried(0, &jobs[2], 3, 4, Some(far)), tried(1, &jobs[3], 3, 7, Some(UnixMs(1)))];
    assert_eq!(push(&world, &parked_lane(), 0, parked).await, Pushed::whole());
    assert_eq!(world.state(&jobs[2]).await, Some(State::Scheduled));
    world.check().await;
    completes(&mut world, &jobs[0], 3).await;
    completes(&mut world, &jobs[3], 8).await;
    let gap = Push { lane: lane(0), from: Offset(6), to: Offset(80_000), passed: None, entries: Vec::new() };
    assert_eq!(world.queue.push(gap).await.unwrap(), Pushed::whole());
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(80_000, &[]));
    // Bits are kept beyond the floor.
    let entries = vec![copy(2, &jobs[4], 70_001), copy(3, &jobs[1], 70_002)];
    assert_eq!(push(&world, &parked_lane(), 2, entries).await, dropped(&parked_lane(), 3));
    world.make_due("z").await;
    assert_eq!(world.drain().await, 2);
    world.check().await;
}

#[tokio::test]
async fn what_a_rolled_back_queue_is_told_is_inherited() {
    let mut world = resumed(&progress(0, &[])).await;
    let jobs = world.jobs("a", 3);
    let entries = jobs.iter().zip(0..).map(|(job, offset)| entry(offset, job)).collect();
    assert_eq!(push(&world, &lane(0), 0, entries).await, Pushed::whole());
    completes(&mut world, &jobs[0], 1).await;
    // By its own account 0 is settled; that 1, 2 and 4 are, it had forgotten.
    world.queue.resume(&lane(0), &progress(2, &[(2, 3), (4, 5)])).await.unwrap();
    assert_eq!(world.state(&jobs[2]).await, None);
    let again = vec![copy(3, &jobs[0], 0), copy(4, &jobs[1], 1), copy(5, &jobs[1], 1), copy(6, &jobs[2], 2)];
    let Pushed::Applied { duplicates, .. } = push(&world, &lane(0), 3, again).await else { panic!() };
    // 4 is settled already; 0 was completed here.
    assert_eq!(duplicates, [3, 4].map(|offset| lane(0).at(Offset(offset))));
    assert_eq!(world.drain().await, 2);
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(7, &[]));
    world.check().await;
}

#[tokio::test]
async fn what_was_passed_is_known_until_the_lane_is_begun_anew() {
    let world = resumed(&progress(0, &[])).await;
    assert_eq!(world.queue.passed(&lane(0)).await.unwrap(), None);
    let passed = Some(Passed { offset: Offset(8), hash: RecordHash(u64::MAX) });
    let push = |from, to, passed| Push {
        lane: lane(0),
        from: Offset(from),
        to: Offset(to),
        passed,
        entries: Vec::new(),
    };
    assert_eq!(world.queue.push(push(0, 9, passed)).await.unwrap(), Pushed::whole());
    assert_eq!(world.queue.push(push(9, 9, None)).await.unwrap(), Pushed::whole());
    assert_eq!(world.queue.push(push(9, 12, None)).await.unwrap(), Pushed::whole());
    assert_eq!(world.queue.passed(&lane(0)).await.unwrap(), passed);
    assert_eq!(world.queue.passed(&lane(1)).await.unwrap(), None);
    world.check().await;
}

/// The commands of scripts since the last look.
async fn commands(world: &World) -> u64 {
    let calls = world.redis.calls().await;
    world.redis.must(&["CONFIG", "RESETSTAT"]).await;
    let ours = ["evalsha", "info", "time", "config|resetstat"];
    calls.iter().filter(|(command, _)| !ours.contains(&command.as_str())).map(|(_, calls)| calls).sum()
}

#[tokio::test]
async fn a_push_asks_for_parked_jobs_only_where_there_are_some() {
    let mut world = resumed(&progress(0, &[])).await;
    let (mut from, mut costs) = (0, Vec::new());
    for round in 0..4 {
        let jobs = world.jobs("b", 100);
        let entries = jobs.iter().zip(from..).map(|(job, offset)| limited(offset, job, 10_000)).collect();
        commands(&world).await;
        let pushed = push(&world, &lane(0), from, entries).await;
        assert!(matches!(pushed, Pushed::Applied { .. }));
        costs.push(commands(&world).await);
        from += 100;
        if round == 2 {
            push(&world, &lane(0), from, vec![parked(from)]).await;
            from += 1;
        }
    }
    println!("commands of a push of 100 jobs: {costs:?}, the last with a job parked");
    assert!(costs[1] <= 14 && costs[2] <= costs[1] + 1, "{costs:?}");
    assert!(costs[3] <= costs[1] + 2, "one command more for what is parked: {costs:?}");
    let claims = world.take(1).await;
    settle(&world.queue, claims, retry).await;
    world.drain().await;
    world.check().await;
}

/// What a torn file can keep of pushes that park: the counts and not the bits, one of them, or bits that are to come again.
#[tokio::test]
async fn parked_jobs_of_which_half_was_loaded_are_counted_anew() {
    let mut world = resumed(&progress(0, &[])).await;
    let jobs = world.jobs("a", 5);
    assert_eq!(push(&world, &lane(0), 0, vec![parked(0), parked(1)]).await, Pushed::whole());
    let key = |of: &str| format!("{{wasmill:0}}:{of}");
    let script = "redis.call('HINCRBY', KEYS[1] .. 'q:1', '0', 3)
        redis.call('HINCRBY', KEYS[1] .. 'q:1', '0:0', 2)
        redis.call('HINCRBY', KEYS[1] .. 'q:1', '0:1', 1)
        redis.call('SETBIT', KEYS[1] .. 'q:1:0:0', 2, 1)
        redis.call('HSET', KEYS[1] .. 'c', 'run', 'another')";
    world.redis.must(&["EVAL", script, "1", &key("")]).await;
    assert!(!world.queue.check().await.unwrap().faults.is_empty(), "nothing is wrong");
    world.elsewhere().await.sweep(1).await.unwrap();
    world.mended().await;
    world.check().await;
    assert_eq!(push(&world, &lane(0), 2, vec![entry(2, &jobs[2])]).await, over(0));
    assert_eq!(push(&world, &lane(0), 2, vec![parked(2)]).await, Pushed::whole());
    let copies = (0..3).map(|at: usize| copy(at as u64, &jobs[at], at as u64)).collect();
    assert_eq!(push(&world, &parked_lane(), 0, copies).await, Pushed::whole());
    assert_eq!(push(&world, &lane(0), 3, vec![entry(3, &jobs[3])]).await, Pushed::whole());
    world.check().await;
    assert_eq!(world.drain().await, 4);
}

/// The same of a push of jobs: they are in, and the lane does not say so yet.
#[tokio::test]
async fn a_push_of_which_half_was_loaded_settles_nothing_when_it_comes_again() {
    let mut world = resumed(&progress(0, &[])).await;
    let jobs = world.jobs("a", 2);
    let entries = || vec![entry(0, &jobs[0]), entry(1, &jobs[1])];
    assert_eq!(push(&world, &lane(0), 0, entries()).await, Pushed::whole());
    world.redis.must(&["HSET", "{wasmill:0}:n:1", "want", "0"]).await;
    assert!(matches!(push(&world, &lane(0), 0, entries()).await, Pushed::Applied { .. }));
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(0, &[]), "they are alive");
    assert_eq!(world.drain().await, 2);
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap(), progress(2, &[]));
    world.check().await;
}
