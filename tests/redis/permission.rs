//! A user of the server that may do what the crate's README says, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use wasmill_job::{Attempt, Cancel, CopyOf, Offset, Passed, Progress, RecordHash, Revision, UnixMs, Verdict};
use wasmill_queue::{
    DeadQuery, Debt, Entry, ListQuery, NewJob, Push, Pushed, Queue, State, WorkerId, WorkerReport,
};

use crate::start::refusal;
use crate::world::{
    LEASE, World, bury, check, complete, keyed, lane, new_job, queue_at, retry, settle, started,
};

const README: &str = include_str!("../../runtime/queue/README.md");

/// The rule as the README prints it: behind `ACL SETUSER NAME`, until the end of the block.
fn rule() -> Vec<String> {
    let (_, rest) = README.split_once("ACL SETUSER ").expect("the README names the rule");
    let (rule, _) = rest.split_once("```").unwrap();
    let words = rule.split_whitespace().filter(|word| *word != "\\").skip(1);
    words.map(|word| word.replace("PASSWORD", "hunter2")).collect()
}

async fn with_user(rule: &[String]) -> (World, String) {
    let world = World::with(&[], 2).await;
    let mut words = vec!["ACL", "SETUSER", "mill"];
    words.extend(rule.iter().map(String::as_str));
    world.redis.must(&words).await;
    let url = format!("redis://mill:hunter2@{}", world.redis.address());
    (world, url)
}

/// A job that is cancelled and comes again, one that is parked and one that is appended again, in a lane that is adopted then.
async fn lanes(world: &World) {
    let (queue, spare) = (&world.queue, lane(2));
    let settled =
        Progress { floor: Offset(1), settled: std::iter::once(9..10).collect(), ..Progress::default() };
    assert_eq!(queue.resume(&spare, &settled).await.unwrap(), Offset(1));
    let job = keyed("b", "again");
    let new = || NewJob { dedup_window: Duration::ZERO, ..new_job(job.clone()) };
    let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: UnixMs(0) };
    let of = CopyOf { origin: spare.at(Offset(3)), attempts: Attempt(1), due_at: None };
    let entries = vec![
        Entry::Job { offset: Offset(1), new: new() },
        Entry::Cancel { offset: Offset(2), cancel },
        Entry::Job { offset: Offset(3), new: new() },
        Entry::Copy { offset: Offset(4), new: new(), of },
        Entry::Parked { offset: Offset(5), job_type: job.job_type.clone() },
    ];
    let passed = Some(Passed { offset: Offset(5), hash: RecordHash(7) });
    let push = Push { lane: spare.clone(), from: Offset(1), to: Offset(6), passed, entries };
    assert!(matches!(queue.push(push).await.unwrap(), Pushed::Applied { .. }));
    assert_eq!(queue.passed(&spare).await.unwrap(), passed);
    check(queue).await;
    queue.adopt(&spare, Offset(70_000), 1).await.unwrap();
    assert_eq!(queue.memory().await.unwrap().len(), 2);
}

fn worker_report(worker: u64) -> WorkerReport {
    WorkerReport {
        worker: WorkerId(worker),
        host: "mill-7".into(),
        pid: 1,
        version: "1.0.0".into(),
        started_at: UnixMs(0),
        told_at: UnixMs(0),
        revision: Revision(0),
        slots: 1,
        held: 0,
        is_draining: false,
        running: Vec::new(),
        running_more: 0,
        latencies: BTreeMap::new(),
        ended: Vec::new(),
    }
}

#[tokio::test]
async fn the_rule_in_the_readme_suffices() {
    let (mut world, url) = with_user(&rule()).await;
    world.queue = queue_at(url, 2);
    started(&world.queue).await;
    let mut jobs = world.jobs("a", 60);
    jobs[5].priority = wasmill_job::Priority::High;
    world.push(jobs.clone()).await;
    for verdict in [complete, bury, retry, || Verdict::Release] {
        let claims = world.take(10).await;
        let named = claims.iter().map(|claim| claim.reference()).collect();
        assert_eq!(world.queue.renew(named, LEASE).await.unwrap(), []);
        settle(&world.queue, claims, verdict).await;
    }
    let cancel = Cancel { id: jobs[59].id, job_type: jobs[59].job_type.clone(), at: UnixMs(0) };
    assert!(world.queue.cancel(cancel).await.unwrap());
    let debts = world.queue.owed(9).await.unwrap();
    let keys = debts.iter().filter_map(Debt::letter).map(|letter| letter.key()).collect();
    world.queue.paid(debts.into_iter().map(|debt| debt.id).collect()).await.unwrap();
    assert_eq!(world.queue.purge(keys).await.unwrap(), 9);
    for state in [State::Pending, State::Scheduled, State::InFlight, State::Completed, State::Cancelled] {
        world.queue.list(ListQuery { state, job_type: None, after: None, max: 10 }).await.unwrap();
    }
    world.queue.dead(DeadQuery { max: 10, ..DeadQuery::default() }).await.unwrap();
    for job in &jobs {
        world.queue.job(job.id).await.unwrap();
    }
    world.queue.progress(&lane(0)).await.unwrap();
    let settled = Progress { floor: Offset(30), ..Progress::default() };
    world.queue.resume(&lane(0), &settled).await.unwrap();
    lanes(&world).await;
    for told in [worker_report(1), worker_report(2)] {
        world.queue.report(told, Duration::ZERO).await.unwrap();
    }
    world.queue.reports().await.unwrap();
    world.drain().await;
    check(&world.queue).await;
    let denied = world.redis.must(&["ACL", "LOG"]).await;
    assert_eq!(denied, wasmill_tests::Answer::Array(Vec::new()), "something was denied");
}

#[tokio::test]
async fn a_user_that_may_not_write_is_refused_and_told_what_it_lacks() {
    for lacks in ["-hset", "-evalsha", "-subscribe", "resetchannels", "resetkeys", "-info"] {
        let mut less = rule();
        less.push(lacks.into());
        let (_world, url) = with_user(&less).await;
        let sentence = refusal(url, false).await;
        assert!(sentence.contains("runtime/queue/README.md"), "{lacks}: {sentence}");
    }
}
