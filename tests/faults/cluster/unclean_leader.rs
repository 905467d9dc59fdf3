//! One broker falls behind and dies, then the others; the stale one comes back first. With quorum it may not lead, and nothing
//! is lost. With durability leader and unclean elections it leads, and what only the dead had is lost: the partitions that the
//! relay had read further than that stop and say so, and the loss is no more than what was acknowledged meanwhile.

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::Instant;
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, until};

use super::{close_once, some_load};
use crate::Run;
use crate::books::Verdict;
use crate::load::Told;
use crate::mill_books::{DRAINED, JOB_TYPE, PATIENT, close_with_losses};

const JOBS: usize = 3_000;
const PARTITIONS: u32 = 2;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut verdict = quorum(run).await;
    eprintln!("quorum: {verdict}");
    let leader = leader(run).await;
    eprintln!("leader: {leader}");
    // Its loss is allowed, and bounded by its own books.
    verdict.acknowledged += leader.acknowledged;
    verdict.completed += leader.completed;
    verdict.lost += leader.lost;
    verdict.duplicated += leader.duplicated;
    verdict.broken.extend(leader.broken);
    verdict
}

/// Which topic the type's jobs stand in: it is the first generation of its queue.
fn topic(queue: &str) -> String {
    format!("wasmill.q.{queue}.1")
}

/// A broker dies, more is acknowledged without it, then the others die.
async fn leave_a_stale_one(world: &mut ClusterWorld, chance: &mut StdRng, told: &mut Told) {
    some_load(world, JOBS, chance, told).await;
    world.kafka_mut().kill(1);
    world.kafka().out_of_sync(1).await;
    some_load(world, JOBS, chance, told).await;
}

async fn quorum(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let mut world =
        ClusterWorld::start(&ClusterSetup { brokers: 3, lease_s: 60, ..ClusterSetup::default() }).await;
    world.apply(&format!("[queue.safe]\npartitions = {PARTITIONS}\ndurability = \"quorum\"")).await;
    world.route(JOB_TYPE, "noop", &format!("queue = \"safe\"\n{PATIENT}")).await;
    leave_a_stale_one(&mut world, &mut chance, &mut told).await;
    world.kafka_mut().kill(2);
    world.kafka_mut().kill(3);
    world.kafka_mut().start_again(1).await;
    // The stale one is there, and leads nothing.
    let partition = world.kafka().partition(&topic("safe"), 0).await;
    let mut broken = Vec::new();
    if partition.leader == Some(1) {
        broken.push("a stale replica leads although unclean elections are off".to_owned());
    }
    world.kafka_mut().start_all_again(&[2, 3]).await;
    world.kafka().led(&topic("safe")).await;
    some_load(&world, JOBS, &mut chance, &mut told).await;
    let mut verdict = close_once(&world, &told).await;
    verdict.broken.extend(broken);
    verdict
}

async fn leader(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed ^ 1);
    let mut told = Told::default();
    let mut world =
        ClusterWorld::start(&ClusterSetup { brokers: 3, lease_s: 60, ..ClusterSetup::default() }).await;
    world.apply(&format!("[queue.fast]\npartitions = {PARTITIONS}\ndurability = \"leader\"")).await;
    world.route(JOB_TYPE, "noop", &format!("queue = \"fast\"\n{PATIENT}")).await;
    world.kafka().set_topic(&topic("fast"), "unclean.leader.election.enable", "true").await;
    some_load(&world, JOBS, &mut chance, &mut told).await;
    // What the relay has read all replicas have: none of it is lost with the one that is killed now.
    world.drained(DRAINED).await;
    world.kafka_mut().kill(1);
    world.kafka().out_of_sync(1).await;
    // What the stale one does not have. The relay is away for the last of it, so that some is in nobody's hands.
    let since = Instant::now();
    some_load(&world, JOBS, &mut chance, &mut told).await;
    world.drained(DRAINED).await;
    world.terminate(wasmill_tests::Role::Relay, 0).await;
    some_load(&world, JOBS, &mut chance, &mut told).await;
    world.kafka_mut().kill(2);
    world.kafka_mut().kill(3);
    world.kafka_mut().start_again(1).await;
    // Only the stale one is there.
    until("the stale replica leads", DEADLINE, || async {
        (world.kafka().partition(&topic("fast"), 0).await.leader == Some(1)).then_some(())
    })
    .await;
    world.kafka_mut().start_all_again(&[2, 3]).await;
    for broker in [2, 3] {
        world.kafka().in_sync(broker).await;
    }
    world.begin_relay(0, &[]);
    for partition in 0..PARTITIONS {
        let place = format!("{}/{partition}", topic("fast"));
        until(&format!("{place} has stopped, and says so"), DEADLINE, || async {
            world.said().contains(&format!("wasmill relay accept {place}")).then_some(())
        })
        .await;
        world.wasmill(&["relay", "accept", &place, "--yes"]).unwrap();
    }
    some_load(&world, JOBS, &mut chance, &mut told).await;
    world.drained(DRAINED).await;
    let stale: Vec<&String> =
        told.acknowledged.iter().filter(|(_, at)| **at >= since).map(|(id, _)| id).collect();
    let at_most = stale.len();
    let mut verdict =
        close_with_losses(&world, &told, |id| told.acknowledged.get(id).is_some_and(|at| *at >= since)).await;
    if verdict.lost == 0 || verdict.lost > at_most {
        verdict.broken.push(format!(
            "{} jobs were lost with durability leader; more than none and at most {at_most} were expected",
            verdict.lost
        ));
    }
    verdict
}
