//! The queue's folder vanishes while the process is down: all of it is derived, and comes back from the log.

use wasmill_tests::World;

use crate::books::Verdict;
use crate::kill_embedded::rounds_of_killing;

pub(crate) async fn run(seed: u64) -> Verdict {
    rounds_of_killing(seed, |world: &World| {
        std::fs::remove_dir_all(world.data().join("queue")).unwrap();
    })
    .await
}
