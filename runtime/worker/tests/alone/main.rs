//! Suspects, run alone in real child processes: this program is its own child. So it has its own `main`, and needs the
//! standard output for itself when it is one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod child;
#[path = "../guests/mod.rs"]
#[allow(dead_code, reason = "what only the worker's other tests do")]
mod guests;
#[path = "../../../../relay/tests/relay/seam.rs"]
#[allow(dead_code, reason = "what only the relay's tests do")]
mod seam;
#[path = "../started/mod.rs"]
#[allow(dead_code, reason = "what only the worker's other tests do")]
mod started;
mod stories;
#[path = "../world/mod.rs"]
#[allow(dead_code, reason = "what only the worker's other tests do")]
mod world;

use std::time::Duration;

/// How long a story may take before it fails.
const DEADLINE: Duration = Duration::from_secs(120);

/// Runs every story, or those whose name holds one of the arguments.
fn main() {
    if std::env::args().nth(1).as_deref() == Some(child::RUN_ALONE) {
        return child::run();
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, story) in stories::all() {
        if asked.is_empty() || asked.iter().any(|part| name.contains(part)) {
            println!("story {name}");
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            let told = runtime.block_on(async { tokio::time::timeout(DEADLINE, story).await });
            assert!(told.is_ok(), "{name}: it did not come to its end within {DEADLINE:?}");
        }
    }
    println!("all stories are true");
}
