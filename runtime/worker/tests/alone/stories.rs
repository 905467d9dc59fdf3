//! What becomes of suspects, and of the process in which they run alone.

use std::future::Future;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use wasmill_catalog::RouteMode;
use wasmill_job::{Attempt, DeadLetter, FailureCode, ModuleDigest};
use wasmill_queue::{DeadQuery, Queue, State};

use crate::child;
use crate::guests::{Guest, NOOP, SPIN, TRAP};
use crate::started::{first_started, started_in};
use crate::world::World;

type Story = Pin<Box<dyn Future<Output = ()>>>;

const LEASE: Duration = Duration::from_secs(30);
/// Renewed each 100 ms.
const SHORT_LEASE: Duration = Duration::from_millis(300);
const GRACE: Duration = Duration::from_secs(20);
const NO_GRACE: Duration = Duration::from_millis(1);

/// Every story and its name.
pub(crate) fn all() -> Vec<(&'static str, Story)> {
    macro_rules! stories {
        ($($name:ident),* $(,)?) => { vec![$((stringify!($name), Box::pin($name()) as Story)),*] };
    }
    stories![
        only_the_job_that_kills_its_process_is_quarantined,
        the_slots_go_on_and_a_drain_gives_the_suspect_back,
        a_child_that_answers_is_used_again_and_a_trap_is_no_death,
        a_suspect_whose_lease_is_lost_is_killed_and_not_quarantined,
        a_child_that_hangs_is_killed_and_its_job_quarantined,
        a_child_that_cannot_be_started_is_not_the_jobs_fault,
        a_suspect_that_no_child_begins_holds_up_no_others,
        a_child_that_died_idle_is_replaced,
        a_suspect_beyond_its_attempts_is_buried_as_lost,
    ]
}

async fn only_the_job_that_kills_its_process_is_quarantined() {
    let mut world = suspicious(&[("noop", NOOP), ("spin", SPIN)]).await;
    let innocents = world.push_suspects("noop", 20).await;
    let poison = world.push_suspects("spin", 1).await[0];
    let worker = world.worker(2, LEASE, GRACE);
    kill(started_in(poison, 1).await);
    world.counted("spin", "it is dead", |counts| counts.dead == 1).await;
    world.counted("noop", "all are completed", |counts| counts.completed == 20).await;
    for innocent in innocents {
        assert_ne!(started_in(innocent, 1).await, std::process::id(), "suspects do not run in the worker");
    }
    worker.drain().await;
    let report = world.told("all have ended", |report| report.ended.len() == 21).await;
    let ended = report.ended.iter().find(|ended| ended.id == poison).unwrap();
    assert_eq!((ended.result.as_str(), ended.attempt), ("quarantined", Attempt(2)));
    assert!(report.running.is_empty());
    let letters = letters(&world).await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].failure.code, letters[0].attempts), (FailureCode::Quarantined, Attempt(2)));
    assert!(letters[0].failure.message.contains("SIGKILL"), "{}", letters[0].failure.message);
}

async fn the_slots_go_on_and_a_drain_gives_the_suspect_back() {
    let mut world = suspicious(&[("noop", NOOP), ("spin", SPIN)]).await;
    let suspects = world.push_suspects("spin", 3).await;
    let worker = world.worker(1, SHORT_LEASE, NO_GRACE);
    let (running, pid) = first_started(&suspects, 1).await;
    let ordinary = world.push("noop", 100).await;
    world.counted("noop", "all are completed", |counts| counts.completed == 100).await;
    assert_eq!(started_in(ordinary[99], 1).await, std::process::id());
    world.counted("spin", "one runs, the others wait", |counts| counts.in_flight == 3).await;
    worker.drain().await;
    gone(pid).await;
    let counts = world.counts("spin").await;
    assert_eq!((counts.pending, counts.in_flight, counts.dead), (3, 0, 0));
    let view = world.view(running).await;
    assert_eq!((view.state, view.attempts), (State::Pending, Attempt(1)), "this attempt does not count");
}

async fn a_child_that_answers_is_used_again_and_a_trap_is_no_death() {
    let mut world = suspicious(&[("noop", NOOP), ("trap", TRAP)]).await;
    let trapping = world.push_suspects("trap", 1).await[0];
    let next = world.push_suspects("noop", 1).await[0];
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("trap", "it is tried again later", |counts| counts.scheduled == 1).await;
    world.counted("noop", "it is completed", |counts| counts.completed == 1).await;
    assert_eq!(started_in(trapping, 1).await, started_in(next, 1).await);
    worker.drain().await;
    let failure = world.view(trapping).await.last.unwrap().failure.unwrap();
    assert_eq!(failure.code, FailureCode::Trap);
    assert!(world.view(next).await.last.unwrap().usage.fuel > 0, "the attempt's record comes along");
}

async fn a_suspect_whose_lease_is_lost_is_killed_and_not_quarantined() {
    let mut world = suspicious(&[("spin", SPIN)]).await;
    world.change("spin", |spec| spec.retry.attempts = 10);
    let id = world.push_suspects("spin", 1).await[0];
    let worker = world.worker(1, SHORT_LEASE, NO_GRACE);
    let pid = started_in(id, 1).await;
    // Nobody renewed it for a minute, as far as the queue knows.
    world.clock.turn(Duration::from_secs(60));
    assert_ne!(started_in(id, 2).await, pid);
    gone(pid).await;
    worker.drain().await;
    assert_eq!(world.counts("spin").await.dead, 0);
}

async fn a_child_that_hangs_is_killed_and_its_job_quarantined() {
    let mut world = suspicious(&[("spin", SPIN)]).await;
    world.change("spin", |spec| spec.limits.timeout = Duration::from_secs(5));
    let id = world.push_suspects("spin", 1).await[0];
    let worker = world.worker(1, LEASE, GRACE);
    let pid = started_in(id, 1).await;
    kill_process(of(pid), Signal::STOP).unwrap();
    world.counted("spin", "it is dead", |counts| counts.dead == 1).await;
    gone(pid).await;
    worker.drain().await;
    let failure = letters(&world).await[0].failure.clone();
    assert_eq!(failure.code, FailureCode::Quarantined);
    assert!(failure.message.contains("did not answer"), "{}", failure.message);
}

async fn a_child_that_cannot_be_started_is_not_the_jobs_fault() {
    let mut world = suspicious(&[("noop", NOOP)]).await;
    let (start, starts) = (Arc::clone(&world.alone), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&starts);
    world.alone = Arc::new(move || match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Command::new("/no/such/program"),
        1 => Command::new("/bin/false"),
        _ => start(),
    });
    world.push_suspects("noop", 1).await;
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("noop", "it is completed", |counts| counts.completed == 1).await;
    worker.drain().await;
    assert_eq!(starts.load(Ordering::SeqCst), 3);
}

async fn a_suspect_that_no_child_begins_holds_up_no_others() {
    let mut world = suspicious(&[("gone", TRAP), ("noop", NOOP)]).await;
    let module = world.folder().join(ModuleDigest::of(&TRAP.bytes()).to_string());
    std::fs::remove_file(&module).unwrap();
    let first = world.push_suspects("gone", 1).await[0];
    world.push_suspects("noop", 3).await;
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("noop", "the others are completed", |counts| counts.completed == 3).await;
    world.counted("gone", "it waits for another turn", |counts| counts.in_flight == 1).await;
    std::fs::write(&module, TRAP.bytes()).unwrap();
    world.counted("gone", "it was run", |counts| counts.scheduled == 1).await;
    assert_ne!(started_in(first, 1).await, std::process::id(), "it is a suspect still");
    worker.drain().await;
}

async fn a_child_that_died_idle_is_replaced() {
    let mut world = suspicious(&[("sooner", NOOP), ("later", NOOP)]).await;
    world.change("later", |spec| spec.mode = RouteMode::Paused);
    let [sooner, later] =
        [world.push_suspects("sooner", 1).await[0], world.push_suspects("later", 1).await[0]];
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("sooner", "it is completed", |counts| counts.completed == 1).await;
    let pid = started_in(sooner, 1).await;
    kill(pid);
    gone(pid).await;
    world.change("later", |spec| spec.mode = RouteMode::Live);
    world.counted("later", "it is completed", |counts| counts.completed == 1).await;
    assert_ne!(started_in(later, 1).await, pid);
    worker.drain().await;
}

async fn a_suspect_beyond_its_attempts_is_buried_as_lost() {
    let mut world = suspicious(&[("noop", NOOP)]).await;
    world.change("noop", |spec| spec.retry.attempts = 1);
    world.push_suspects("noop", 1).await;
    let worker = world.worker(1, LEASE, GRACE);
    world.counted("noop", "it is dead", |counts| counts.dead == 1).await;
    worker.drain().await;
    assert_eq!(letters(&world).await[0].failure.code, FailureCode::Lost);
}

/// A world whose clock stands and whose workers have a child.
async fn suspicious(types: &[(&str, Guest)]) -> World {
    let mut world = World::new(types).await;
    world.clock.stop();
    for (_, guest) in types {
        let bytes = guest.bytes();
        std::fs::write(world.folder().join(ModuleDigest::of(&bytes).to_string()), bytes).unwrap();
    }
    world.alone = child::start(world.folder());
    world
}

async fn letters(world: &World) -> Vec<Arc<DeadLetter>> {
    world.queue.queue().dead(DeadQuery { max: 100, ..DeadQuery::default() }).await.unwrap().letters
}

fn of(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// `kill -9`.
fn kill(pid: u32) {
    kill_process(of(pid), Signal::KILL).unwrap();
}

/// Waits until a process runs no more; whoever started it may not have looked yet.
async fn gone(pid: u32) {
    let mut look_again = tokio::time::interval(Duration::from_millis(2));
    // Behind the name, which is in brackets, stands the state: Z is dead.
    let runs = |stat: String| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z'));
    while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(runs) {
        look_again.tick().await;
    }
}
