//! The worker between a real queue and a real sandbox, in fair weather and in foul.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;
// The same seam that the relay's tests have; neither crate knows the other.
#[path = "../../../relay/tests/relay/seam.rs"]
#[allow(dead_code, reason = "what only the relay's tests do")]
mod seam;
mod started;
#[allow(dead_code, reason = "what only the bench does")]
mod world;

use std::time::Duration;

use guests::{BUSY, FLAKY, NOOP, REJECT, RETRY, SPIN, TIME, TRAP};
use started::{hold, let_go, started, started_in};
use wasmill_catalog::{HandlerSpec, Handlers, RouteMode, Weight};
use wasmill_job::{Attempt, FailureCode, Job, JobId, Mode, ModuleDigest, Stamp};
use wasmill_queue::{Counts, DeadQuery, Debt, Queue, Ran, State};
use world::{Running, World};

const LEASE: Duration = Duration::from_secs(30);
/// Renewed each 100 ms.
const SHORT_LEASE: Duration = Duration::from_millis(300);
const GRACE: Duration = Duration::from_secs(20);
const NO_GRACE: Duration = Duration::from_millis(1);

/// A version of a type's handler, with its share of the ids.
fn version(tag: &str, guest: guests::Guest, weight: u64) -> HandlerSpec {
    let digest = ModuleDigest::of(&guest.bytes());
    HandlerSpec { module: tag.parse().unwrap(), digest, weight: Weight::new(weight).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_once_and_complete() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    let worker = world.worker(2, LEASE, GRACE);
    let ids = world.push("noop", 3_000).await;
    world.counted("noop", "all are completed", |counts| counts.completed == 3_000).await;
    worker.drain().await;
    let counts = world.counts("noop").await;
    assert_eq!((counts.pending, counts.in_flight, counts.retried, counts.lost), (0, 0, 0, 0));
    let last = world.view(ids[2_999]).await;
    assert_eq!((last.state, last.attempts), (State::Completed, Attempt(1)));
    assert!(last.last.unwrap().usage.fuel > 0, "the attempt's record is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_repeated_when_the_backoff_says() {
    let mut world = World::new(&[("flaky", FLAKY)]).await;
    world.clock.stop();
    let worker = world.worker(1, LEASE, GRACE);
    let id = world.push("flaky", 1).await[0];
    for (attempt, pause) in [(1, 10), (2, 20)] {
        world
            .counted("flaky", "it is scheduled", |counts| counts.scheduled == 1 && counts.retried == attempt)
            .await;
        let view = world.view(id).await;
        assert_eq!(view.attempts.0, u32::try_from(attempt).unwrap());
        assert_eq!(view.last.unwrap().failure.unwrap().code, FailureCode::Retry);
        let now = wasmill_job::Clock::now(&*world.clock);
        assert_eq!(view.due_at.unwrap().since(now), Duration::from_secs(pause));
        world.clock.turn(Duration::from_secs(pause));
    }
    world.counted("flaky", "its third attempt completes", |counts| counts.completed == 1).await;
    assert_eq!(world.view(id).await.attempts, Attempt(3));
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_buried_when_its_attempts_are_used_up_or_it_is_hopeless() {
    let mut world = World::new(&[("retry", RETRY), ("reject", REJECT), ("trap", TRAP)]).await;
    world.change("retry", |spec| spec.retry.attempts = 1);
    world.change("trap", |spec| spec.retry.attempts = 1);
    let worker = world.worker(2, LEASE, GRACE);
    for job_type in ["retry", "reject", "trap"] {
        world.push(job_type, 1).await;
        world.counted(job_type, "it is dead", |counts| counts.dead == 1).await;
    }
    worker.drain().await;
    let owed = world.queue.queue().owed(10).await.unwrap();
    let codes: Vec<_> = owed.iter().filter_map(Debt::letter).map(|letter| letter.failure.code).collect();
    assert_eq!(codes, [FailureCode::Retry, FailureCode::Rejected, FailureCode::Trap]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_workers_all_vanished_is_buried_and_not_run_again() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    world.clock.stop();
    world.push("noop", 1).await;
    for attempt in 1..=3 {
        let claims = world.take_and_vanish("noop", LEASE).await;
        assert_eq!(claims[0].attempt, Attempt(attempt));
        drop(claims);
        world.clock.turn(LEASE);
        world.queue.queue().sweep(10).await.unwrap();
    }
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("noop", "it is dead", |counts| counts.dead == 1).await;
    worker.drain().await;
    let page = world.queue.queue().dead(DeadQuery { max: 1, ..DeadQuery::default() }).await.unwrap();
    assert_eq!(page.letters[0].failure.code, FailureCode::Lost);
    assert_eq!(world.counts("noop").await.completed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_interrupts_the_guest() {
    let mut world = World::new(&[("spin", SPIN)]).await;
    world.clock.stop();
    let worker = world.worker(1, SHORT_LEASE, NO_GRACE);
    let job = world.job("spin");
    let id = job.id;
    // Held, so that it is not given back before: the worker may find the lease run out by its own clock.
    hold(id);
    world.push_jobs(&[job]).await;
    started(id).await;
    // Nobody renewed it for a minute, as far as the queue knows.
    world.clock.turn(Duration::from_secs(60));
    let_go(id);
    world.counted("spin", "its slot is free for its second attempt", |counts| counts.lost == 1).await;
    let attempts = || async { world.view(id).await.attempts };
    while attempts().await < Attempt(2) {
        tokio::task::yield_now().await;
    }
    worker.drain().await;
    assert_eq!(world.counts("spin").await.completed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_cannot_be_renewed_interrupts_the_guest_when_it_has_run_out() {
    let mut world = World::new(&[("spin", SPIN)]).await;
    world.clock.stop();
    world.queue.hold("renew");
    let worker = world.worker(1, SHORT_LEASE, NO_GRACE);
    world.push("spin", 1).await;
    // Nothing else ends this guest within the next half minute.
    world.queue.called("settle", 0).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_while_every_slot_is_busy() {
    let mut world = World::new(&[("spin", SPIN)]).await;
    // Nothing but the drain ends these guests, however long the machine stands still.
    world.change("spin", |spec| spec.limits.timeout = Duration::from_secs(600));
    // The queue's clock goes on only when leases were renewed since it did: what is lost then is lost for another reason than that a
    // thread got no processor in time.
    world.clock.stop();
    let worker = world.worker(4, SHORT_LEASE, NO_GRACE);
    for id in world.push("spin", 4).await {
        started(id).await;
    }
    // Without renewals the leases would run out in the second turn.
    for _ in 0..5 {
        // Of two more calls the first has been answered.
        world.queue.called("renew", world.queue.calls("renew") + 1).await;
        world.clock.turn(SHORT_LEASE * 2 / 3);
        world.queue.queue().sweep(10).await.unwrap();
    }
    worker.drain().await;
    assert_eq!(world.counts("spin").await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_queue_answers_lost_and_work_goes_on() {
    let mut world = World::new(&[("busy", BUSY)]).await;
    let worker = world.worker(2, LEASE, GRACE);
    let jobs: Vec<_> = (0..4).map(|_| world.job("busy")).collect();
    // Both slots have a job of the queue that goes, and settle it in the one that comes.
    let held = [jobs[0].id, jobs[1].id];
    held.into_iter().for_each(hold);
    world.push_jobs(&jobs).await;
    for id in held {
        started(id).await;
    }
    world.wipe_queue().await;
    world.push_jobs(&jobs).await;
    held.into_iter().for_each(let_go);
    world.counted("busy", "all are completed", |counts| counts.completed == 4).await;
    worker.drain().await;
    assert_eq!(world.counts("busy").await.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_and_lost_answers_change_nothing_but_the_time_it_takes() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    // The clock stands, so that no lease runs out: a lost claim would stay in flight.
    world.clock.stop();
    for call in ["take", "settle", "sweep"] {
        world.queue.fail(call, 3);
        world.queue.lose_answers(call, 2);
    }
    let worker = world.worker(2, LEASE, GRACE);
    world.push("noop", 500).await;
    world.counted("noop", "all are completed", |counts| counts.completed == 500).await;
    worker.drain().await;
    let counts = world.counts("noop").await;
    assert_eq!((counts.in_flight, counts.lost, counts.retried), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_running_jobs_end() {
    let mut world = World::new(&[("busy", BUSY)]).await;
    let worker = world.worker(2, LEASE, GRACE);
    for id in world.push("busy", 2).await {
        started(id).await;
    }
    worker.drain().await;
    let counts = world.counts("busy").await;
    assert_eq!((counts.completed, counts.pending, counts.in_flight), (2, 0, 0));
}

/// A worker of one slot that was taught by quick jobs to take ahead, and runs one that does not end.
async fn taking_ahead(world: &mut World) -> (Running, JobId) {
    let spinning = world.push("spin", 1).await[0];
    for times in 1.. {
        world.change("spin", |spec| spec.mode = RouteMode::Paused);
        let worker = world.worker(1, LEASE, NO_GRACE);
        world.push("noop", 500).await;
        world.counted("noop", "they are completed", |counts| counts.completed == 500 * times).await;
        world.change("spin", |spec| spec.mode = RouteMode::Live);
        started_in(spinning, usize::try_from(times).unwrap()).await;
        if world.queue.taken().asked > 1 {
            return (worker, spinning);
        }
        // The machine stood still at times, and the jobs did not look quick.
        worker.drain().await;
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_gives_back_what_has_not_started_and_what_does_not_end() {
    let mut world = World::new(&[("noop", NOOP), ("spin", SPIN)]).await;
    world.change("spin", |spec| spec.flow.concurrency = Some(1));
    let (worker, spinning) = taking_ahead(&mut world).await;
    let before = world.queue.taken().claims;
    let waiting = world.push("noop", 50).await[49];
    world.queue.took(before).await;
    worker.drain().await;
    for job_type in ["noop", "spin"] {
        let counts = world.counts(job_type).await;
        assert_eq!((counts.in_flight, counts.lost, counts.retried), (0, 0, 0), "{job_type}");
    }
    assert_eq!(world.counts("noop").await.pending, 50);
    for id in [spinning, waiting] {
        let view = world.view(id).await;
        assert_eq!((view.state, view.attempts), (State::Pending, Attempt(0)), "the attempt does not count");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_behind_a_slow_job_go_back_to_the_queue() {
    let mut world = World::new(&[("noop", NOOP), ("spin", SPIN)]).await;
    let (worker, _) = taking_ahead(&mut world).await;
    let (before, completed) = (world.queue.taken().claims, world.counts("noop").await.completed);
    world.push("noop", 50).await;
    world.queue.took(before).await;
    world.counted("noop", "all are back", |counts| counts.in_flight == 0 && counts.pending == 50).await;
    // Another worker has them now.
    let other = world.worker(1, LEASE, NO_GRACE);
    world.counted("noop", "they are completed", |counts| counts.completed == completed + 50).await;
    worker.drain().await;
    other.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_type_is_not_taken_and_the_others_are() {
    let mut world = World::new(&[("noop", NOOP), ("trap", TRAP)]).await;
    world.change("noop", |spec| spec.mode = RouteMode::Paused);
    let worker = world.worker(1, LEASE, GRACE);
    world.push("noop", 1).await;
    world.push("trap", 1).await;
    world.counted("trap", "it has run", |counts| counts.retried == 1).await;
    assert_eq!(world.counts("noop").await.pending, 1);
    world.change("noop", |spec| spec.mode = RouteMode::Live);
    world.counted("noop", "it is completed", |counts| counts.completed == 1).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_whose_module_is_missing_is_not_taken_until_it_is_there() {
    let mut world = World::new(&[("noop", NOOP), ("trap", TRAP)]).await;
    world.modules.set_missing(NOOP, true);
    let worker = world.worker(1, LEASE, GRACE);
    world.push("noop", 1).await;
    world.push("trap", 1).await;
    world.counted("trap", "it has run", |counts| counts.retried == 1).await;
    assert_eq!(world.counts("noop").await.pending, 1);
    world.modules.set_missing(NOOP, false);
    world.counted("noop", "it is completed", |counts| counts.completed == 1).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_is_not_taken_while_one_of_its_versions_is_missing() {
    let mut world = World::new(&[("noop", NOOP), ("trap", TRAP)]).await;
    let handlers = vec![version("guest@1", NOOP, 99), version("guest@2", REJECT, 1)];
    world.change("noop", |spec| spec.handlers = Handlers::new(handlers).unwrap());
    world.modules.set_missing(REJECT, true);
    let worker = world.worker(1, LEASE, GRACE);
    world.push("noop", 1).await;
    world.push("trap", 1).await;
    world.counted("trap", "it has run", |counts| counts.retried == 1).await;
    assert_eq!(world.counts("noop").await.pending, 1);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_is_not_taken_while_one_of_its_versions_asks_for_more_than_is_granted() {
    let mut world = World::new(&[("noop", NOOP), ("trap", TRAP), ("time", TIME)]).await;
    let handlers = vec![version("guest@1", NOOP, 99), version("guest@2", TIME, 1)];
    world.change("noop", |spec| spec.handlers = Handlers::new(handlers).unwrap());
    let worker = world.worker(1, LEASE, GRACE);
    world.push("noop", 1).await;
    world.push("trap", 1).await;
    world.counted("trap", "it has run", |counts| counts.retried == 1).await;
    assert_eq!(world.counts("noop").await.pending, 1);
    world.change("noop", |spec| spec.grants.clock = true);
    world.counted("noop", "it is completed", |counts| counts.completed == 1).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_asks_for_nothing_but_sweeps_and_tells_of_itself() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    let worker = world.worker(1, LEASE, GRACE);
    world.push("noop", 1).await;
    world.counted("noop", "it is completed", |counts| counts.completed == 1).await;
    // By the end of a second sweep nothing is left of that job.
    world.queue.called("sweep", world.queue.calls("sweep") + 1).await;
    let asked = || ["take", "settle", "renew", "counts"].map(|call| world.queue.calls(call));
    let before = asked();
    world.queue.called("sweep", world.queue.calls("sweep") + 1).await;
    assert_eq!(asked(), before);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_ends_with_the_handler_it_started_with() {
    let mut world = World::new(&[("busy", BUSY), ("reject", REJECT)]).await;
    let rejecting = ModuleDigest::of(&REJECT.bytes());
    let worker = world.worker(1, LEASE, GRACE);
    started(world.push("busy", 1).await[0]).await;
    world.change("busy", |spec| spec.handlers = Handlers::one("guest@2".parse().unwrap(), rejecting));
    world.counted("busy", "it is completed", |counts| counts.completed == 1).await;
    world.told("the change is obeyed", |report| report.revision.0 == 2).await;
    world.push("busy", 1).await;
    world.counted("busy", "the next is rejected", |counts| counts.dead == 1).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_job_is_completed_without_being_run() {
    let mut world = World::new(&[("trap", TRAP)]).await;
    // So that the last report is still kept when it is looked at.
    world.clock.stop();
    let job = world.job("trap");
    let job = Job { stamp: Stamp { mode: Mode::Shadow, ..job.stamp }, ..job };
    world.push_jobs(std::slice::from_ref(&job)).await;
    // The stamp says it, whatever the type's mode is by now.
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("trap", "it is completed", |counts| counts.completed == 1).await;
    worker.drain().await;
    let last = world.view(job.id).await.last.unwrap();
    assert_eq!((last.ran, last.usage.fuel, last.output.unwrap().len()), (Some(Ran::Nothing), 0, 0));
    let report = world.told("it ended", |report| report.ended.len() == 1).await;
    assert_eq!((report.ended[0].result.as_str(), &report.ended[0].module), ("shadow", &None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_what_runs_and_then_what_became_of_it() {
    let mut world = World::new(&[("noop", NOOP), ("spin", SPIN)]).await;
    world.change("spin", |spec| {
        spec.limits.timeout = Duration::from_millis(1_500);
        spec.retry.attempts = 1;
    });
    let worker = world.worker(3, LEASE, GRACE);
    let job = world.job("spin");
    let spinning = job.id;
    hold(spinning);
    world.push_jobs(&[job]).await;
    let report = world.told("it runs", |report| report.held == 1 && !report.running.is_empty()).await;
    let_go(spinning);
    assert_eq!((report.pid, report.slots, report.is_draining), (std::process::id(), 3, false));
    assert_eq!((report.revision.0, report.running_more, report.held), (2, 0, 1));
    let running = &report.running[0];
    assert_eq!(
        (running.id, running.attempt, running.module.to_string()),
        (spinning, Attempt(1), "guest@1".into())
    );

    let report = world.told("it ended", |report| !report.ended.is_empty()).await;
    assert!(report.running.is_empty());
    let ended = &report.ended[0];
    assert_eq!((ended.number, ended.id, ended.result.as_str()), (1, spinning, "timeout"));
    assert!(ended.run_us >= 1_500_000, "{}", ended.run_us);
    let noop = world.push("noop", 1).await[0];
    let report = world.told("the next ended", |report| report.ended.len() == 2).await;
    assert_eq!((report.ended[1].number, report.ended[1].id), (2, noop));
    assert_eq!(report.ended[1].result, "done");
    for job_type in ["noop", "spin"] {
        let took = &report.latencies[&job_type.parse().unwrap()];
        assert_eq!((took.wait_us.count(), took.run_us.count()), (1, 1), "{job_type}");
    }
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_told_to_the_log_is_among_those_that_run() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    let job = world.job("noop");
    hold(job.id);
    let worker = world.worker(1, LEASE, GRACE);
    world.push_jobs(std::slice::from_ref(&job)).await;
    started(job.id).await;
    let now = wasmill_job::Clock::now(&*world.clock);
    let report = world.told("anything since", |report| report.told_at > now).await;
    let running: Vec<_> = report.running.iter().map(|running| running.id).collect();
    let_go(job.id);
    assert_eq!(running, [job.id]);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_drains_says_so_until_the_last_job_is_settled() {
    let mut world = World::new(&[("spin", SPIN)]).await;
    // Long beside the time until the next report, also on a machine that does much else.
    world.change("spin", |spec| spec.limits.timeout = Duration::from_secs(8));
    // So that the last report is still kept when it is looked at.
    world.clock.stop();
    let worker = world.worker(1, LEASE, GRACE);
    let id = world.push("spin", 1).await[0];
    started(id).await;
    let drains = world.told("it drains", |report| report.is_draining);
    let (report, ()) = tokio::join!(drains, worker.drain());
    assert_eq!((report.running.len(), report.held), (1, 1), "the job runs on meanwhile");
    // The last report, from when all was settled.
    let report = world.told("it has ended", |report| report.held == 0).await;
    assert!(report.is_draining && report.running.is_empty());
    assert_eq!((report.ended[0].id, report.ended[0].result.as_str()), (id, "timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_takes_no_reports_holds_up_no_job_and_no_drain() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    world.queue.hold("report");
    let worker = world.worker(1, LEASE, GRACE);
    world.push("noop", 100).await;
    world.counted("noop", "all are completed", |counts| counts.completed == 100).await;
    world.queue.called("report", 0).await;
    worker.drain().await;
    assert!(world.queue.queue().reports().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_is_off_or_shadow_still_runs_what_was_accepted_live() {
    let mut world = World::new(&[("noop", NOOP)]).await;
    for (accepted, mode) in (1..).zip([RouteMode::Off, RouteMode::Shadow]) {
        world.change("noop", |spec| spec.mode = mode);
        let worker = world.worker(1, LEASE, GRACE);
        let id = world.push("noop", 1).await[0];
        world.counted("noop", "it is completed", |counts| counts.completed == accepted).await;
        worker.drain().await;
        let ran = world.view(id).await.last.unwrap().ran;
        assert_eq!(ran, Some(Ran::Module("guest@1".parse().unwrap())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_runs_on_the_version_that_its_id_falls_to_and_says_so() {
    let mut world = World::new(&[("noop", NOOP), ("reject", REJECT)]).await;
    let versions = vec![version("guest@1", NOOP, 50), version("guest@2", REJECT, 50)];
    let handlers = Handlers::new(versions).unwrap();
    world.change("noop", |spec| spec.handlers = handlers.clone());
    let ids = world.push("noop", 200).await;
    let worker = world.worker(2, LEASE, GRACE);
    world.counted("noop", "all have ended", |counts| counts.completed + counts.dead == 200).await;
    worker.drain().await;
    for id in ids {
        let view = world.view(id).await;
        let expected = ["guest@1", "guest@2"][handlers.place_of(id)];
        assert_eq!(view.last.unwrap().ran, Some(Ran::Module(expected.parse().unwrap())));
        assert_eq!(view.state == State::Completed, expected == "guest@1", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_stays_on_the_version_it_started_on_as_long_as_the_route_has_it() {
    let mut world = World::new(&[("flaky", FLAKY), ("noop", NOOP), ("retry", RETRY)]).await;
    world.clock.stop();
    // Each step with a worker that begins with its route: one that follows a change may still take a job by the route before.
    world
        .change("flaky", |spec| spec.handlers = Handlers::new(vec![version("guest@1", RETRY, 100)]).unwrap());
    let worker = world.worker(1, LEASE, GRACE);
    let id = world.push("flaky", 1).await[0];
    let failed = |times| move |counts: Counts| counts.scheduled == 1 && counts.retried == times;
    world.counted("flaky", "the first attempt has failed", failed(1)).await;
    worker.drain().await;

    // All new jobs go to another version, and the one it started on is kept for it.
    let kept = vec![version("guest@1", RETRY, 0), version("guest@2", NOOP, 100)];
    world.change("flaky", |spec| spec.handlers = Handlers::new(kept).unwrap());
    let worker = world.worker(1, LEASE, GRACE);
    let other = world.push("flaky", 1).await[0];
    world.counted("flaky", "a new job runs on the new version", |counts| counts.completed == 1).await;
    assert_eq!(world.view(other).await.last.unwrap().ran, Some(Ran::Module("guest@2".parse().unwrap())));
    world.clock.turn(Duration::from_secs(10));
    world.counted("flaky", "the second attempt has failed as well", failed(2)).await;
    assert_eq!(world.view(id).await.last.unwrap().ran, Some(Ran::Module("guest@1".parse().unwrap())));
    worker.drain().await;

    // It is kept no more: the job's third attempt runs on what there is.
    world.change("flaky", |spec| spec.handlers = Handlers::new(vec![version("guest@2", NOOP, 100)]).unwrap());
    let worker = world.worker(1, LEASE, GRACE);
    world.clock.turn(Duration::from_secs(20));
    world.counted("flaky", "both are completed", |counts| counts.completed == 2).await;
    assert_eq!(world.view(id).await.last.unwrap().ran, Some(Ran::Module("guest@2".parse().unwrap())));
    worker.drain().await;
}
