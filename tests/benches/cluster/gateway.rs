//! The gateway, one process, one broker, quorum: beside a bare producer of the same records on the same topic, in turns.

use std::time::Duration;

use wasmill_tests::{ClusterSetup, ClusterWorld};

use crate::bare_producer::BareProducer;
use crate::figures::{middle, percentile, print, rate};
use crate::load::{BATCH, CONNECTIONS, batches_for, gets_for, singles_at, singles_for, world};

const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_secs(4);
/// Single posts, where they are held back.
const PER_SECOND: u32 = 4_000;
const SINGLE_CONNECTIONS: usize = 64;
/// How long the bare producer waits for company, in milliseconds; the best counts.
const LINGERS: [&str; 2] = ["0", "5"];

pub(crate) async fn measure() {
    let world = world(ClusterSetup { relays: 0, workers: 0, ..ClusterSetup::default() }, "paused").await;
    let bare = LINGERS.map(|linger| BareProducer::new(&world.kafka().bootstrap(), linger));
    // Nobody's first batches count: connections are made, and the broker's code is compiled.
    for bare in &bare {
        bare.batches_for(SPAN / 2).await;
    }
    batches_for(&world, SPAN / 2).await;
    let (mut shares, mut ours, mut best) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut rates = Vec::new();
        for bare in &bare {
            rates.push(bare.batches_for(SPAN).await);
        }
        let bare = rates.into_iter().fold(0.0, f64::max);
        let gateway = batches_for(&world, SPAN).await;
        print(
            &format!("batches of {BATCH}, {CONNECTIONS} connections; bare, as many outstanding"),
            &format!("{}, bare {}", rate(gateway, "jobs"), rate(bare, "records")),
        );
        shares.push(100.0 * gateway / bare);
        ours.push(gateway);
        best.push(bare);
    }
    print(
        "gateway, batches, middle of the rounds",
        &format!(
            "{}, bare {}; {:.0} % of the bare producer (target: 70 %)",
            rate(middle(&mut ours), "jobs"),
            rate(middle(&mut best), "records"),
            middle(&mut shares)
        ),
    );
    let (mut times, mut times_above) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // Alone, nobody gains by waiting for company.
        let mut bare = bare[0].singles_for(SINGLE_CONNECTIONS, SPAN).await;
        let mut http = gets_for(&world, SINGLE_CONNECTIONS, SPAN).await;
        let mut gateway = singles_for(&world, SINGLE_CONNECTIONS, SPAN).await;
        let [ours, its, empty] = [&mut gateway, &mut bare, &mut http].map(|waits| percentile(waits, 0.5));
        print(
            &format!("single posts, {SINGLE_CONNECTIONS} connections; bare, as many tasks; HTTP alone"),
            &format!(
                "{}; bare {}; GET /healthz {}",
                waits(&mut gateway, "jobs"),
                waits(&mut bare, "records"),
                waits(&mut http, "answers")
            ),
        );
        times.push(ours / its);
        times_above.push(ours / (its + empty));
    }
    print(
        "gateway, single posts, p50, middle of the rounds",
        &format!(
            "{:.2} times the bare round trip (target: 1.5), {:.2} times that and an empty HTTP request",
            middle(&mut times),
            middle(&mut times_above)
        ),
    );
    at_a_rate(&world, &bare[0]).await;
}

/// The same while the cores are not full: as many callers, so many records a second together.
async fn at_a_rate(world: &ClusterWorld, bare: &BareProducer) {
    let mut times = Vec::new();
    let each = Duration::from_secs(1) * SINGLE_CONNECTIONS as u32 / PER_SECOND;
    for _ in 0..ROUNDS {
        let mut bare = bare.singles_at(SINGLE_CONNECTIONS, each, SPAN).await;
        let mut gateway = singles_at(world, SINGLE_CONNECTIONS, each, SPAN).await;
        let [ours, its] = [&mut gateway, &mut bare].map(|waits| percentile(waits, 0.5));
        print(
            &format!("the same, {PER_SECOND} a second"),
            &format!("{}; bare {}", waits(&mut gateway, "jobs"), waits(&mut bare, "records")),
        );
        times.push(ours / its);
    }
    print(
        &format!("gateway, single posts, {PER_SECOND} a second, p50, middle of the rounds"),
        &format!("{:.2} times the bare round trip (target: 1.5)", middle(&mut times)),
    );
}

fn waits(waits: &mut [Duration], what: &str) -> String {
    let per_second = waits.len() as f64 / SPAN.as_secs_f64();
    let (middle, rare) = (percentile(waits, 0.5), percentile(waits, 0.99));
    format!("p50 {middle:.2} ms, p99 {rare:.2} ms, {per_second:.0} {what}/s")
}
