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

/// Asks until nothing is left, and panics with `what` when that has not become less for as long as `deadline`: how much there is
/// to do, and how fast the machine is, decide nothing. An `ask` without an answer is repeated.
///
/// # Panics
/// When it stands still.
pub async fn until_none_is_left<F, A>(what: &str, deadline: Duration, mut ask: F)
where
    F: FnMut() -> A,
    A: Future<Output = Option<u64>>,
{
    let mut least = u64::MAX;
    while least > 0 {
        let before = least;
        let less = || {
            let asked = ask();
            async move { asked.await.filter(|left| *left < before) }
        };
        least = until(&format!("{what}, with {before} left"), deadline, less).await;
    }
}
