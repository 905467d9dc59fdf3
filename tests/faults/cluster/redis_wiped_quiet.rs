//! FLUSHALL while nothing comes in. A few jobs have waited since the beginning, behind them many are settled: what waits is
//! back by itself, and nothing of the rest runs again, no dead letter comes twice.

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Role, until};

use super::some_load;
use crate::Run;
use crate::books::Verdict;
use crate::load::Told;
use crate::mill_books::{DRAINED, JOB_TYPE, PATIENT, close_beside};

const WAITING: usize = 20;
const DOOMED: usize = 50;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let mut world =
        ClusterWorld::start(&ClusterSetup { redis: 2, lease_s: 60, ..ClusterSetup::default() }).await;
    world.route("waits", "hello", "mode = \"paused\"").await;
    world.route("doomed", "reject", "").await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let mut waiting = Vec::new();
    for _ in 0..WAITING {
        waiting.push(world.enqueue("waits", &json!({ "name": "Ada" })).await);
    }
    let mut doomed = Vec::new();
    for _ in 0..DOOMED {
        doomed.push(world.enqueue("doomed", &json!({})).await);
    }
    some_load(&world, run.of(30_000, 200_000), &mut chance, &mut told).await;
    // Quiet: all but what waits is settled.
    let only_waiting = || async { (world.left_behind().await? == WAITING as u64).then_some(()) };
    until("all but the waiting jobs is settled", DRAINED, only_waiting).await;
    // And the log knows it: a relay that drains tells it all that the queue has settled.
    world.terminate(Role::Relay, 0).await;
    world.start_relay(0, &[]).await;

    for number in 0..2 {
        world.redis(number).flush_all().await;
    }
    until("what waits is back", DEADLINE, || async {
        (world.counts("waits").await["pending"] == WAITING as u64).then_some(())
    })
    .await;
    until("the dead letters are back", DEADLINE, || async {
        (world.counts("doomed").await["dead"] == DOOMED as u64).then_some(())
    })
    .await;
    world.apply("[type.waits]\nhandlers = [{ module = \"hello@1.0.0\" }]").await;
    for job in &waiting {
        world.reaches(job, "completed").await;
    }
    let others = waiting.iter().chain(&doomed).map(|job| job.id.clone()).collect();
    let mut verdict = close_beside(&world, &told, &others).await;
    verdict.ran_once();
    let letters = world.get("/v1/dead?limit=1000").await.json();
    let shown = letters["letters"].as_array().map_or(0, Vec::len);
    if shown != DOOMED {
        verdict.broken.push(format!("{shown} dead letters are shown after the wipe, of {DOOMED}"));
    }
    verdict
}
