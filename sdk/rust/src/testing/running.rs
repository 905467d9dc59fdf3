//! What runs on this thread: the job and what its handler did so far. Where a test calls its handler directly, that is
//! the default job, one for each thread.

use std::cell::RefCell;

use super::{Child, Job, Line, Request};

/// A job that runs.
#[derive(Default)]
pub(super) struct Running {
    pub(super) job: Job,
    pub(super) log: Vec<Line>,
    pub(super) requests: Vec<Request>,
    pub(super) children: Vec<Child>,
    /// How many random numbers were drawn.
    pub(super) drawn: u64,
}

thread_local! {
    static RUNNING: RefCell<Running> = RefCell::default();
}

/// Puts back what ran before, also when the handler panics.
struct Before(Running);

impl Drop for Before {
    fn drop(&mut self) {
        RUNNING.replace(std::mem::take(&mut self.0));
    }
}

/// Calls `work` while `job` runs. Answers what it did, too.
pub(super) fn while_running<T>(job: Job, work: impl FnOnce() -> T) -> (T, Running) {
    let before = Before(RUNNING.replace(Running { job, ..Running::default() }));
    let result = work();
    let running = RUNNING.take();
    drop(before);
    (result, running)
}

/// Looks at what runs, or changes it. `look` must not call the handler or what a test gave.
pub(super) fn with<T>(look: impl FnOnce(&mut Running) -> T) -> T {
    RUNNING.with_borrow_mut(look)
}
