//! Waiting for the thing itself, with a deadline.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// How long a test waits for something that should happen soon. Generous: the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks until `ask` answers with something, and panics with `what` when the deadline passes.
///
/// # Panics
/// When nothing came within `deadline`.
pub async fn until<T, F, A>(what: &str, deadline: Duration, mut ask: F) -> T
where
    F: FnMut() -> A,
    A: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: it did not happen within {deadline:?}");
        // Not a wait for an effect: only the pause between two questions.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
