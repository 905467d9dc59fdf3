//! What the routing table costs while it changes and grows: how soon a change is in force in eight workers, and what 5,000 job
//! types cost an apply, a worker and a take. Prints tables; never fails on a slow machine.
//! `cargo bench --workspace --bench catalog -- follow` runs one part.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../figures.rs"]
#[expect(dead_code, reason = "shared with other benches, each of which uses a part")]
mod figures;
mod follow;
mod many;
mod take;

/// The parts, in the order in which they run.
const PARTS: [&str; 3] = ["follow", "many", "take"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Cargo adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    assert!(asked.iter().all(|part| PARTS.contains(&part.as_str())), "the parts are {PARTS:?}");
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|one| one == part);
    if wanted("follow") {
        follow::measure().await;
    }
    if wanted("many") {
        many::measure().await;
    }
    if wanted("take") {
        take::measure().await;
    }
}
