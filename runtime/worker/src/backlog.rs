//! The short line between taker and slots: claims that wait for a slot, on this worker.
//!
//! A mutex and a condition variable, because slots are threads, and because it must do more than a channel: count the
//! busy slots, say when there is room, give back what has waited too long, and be emptied when the worker drains.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use wasmill_queue::Claim;
use wasmill_sandbox::Interrupt;

use crate::pace::Pace;
use crate::route::Route;

/// Claims that wait for a slot.
#[derive(Debug)]
pub(crate) struct Backlog {
    line: Mutex<Line>,
    /// Wakes slots.
    work: Condvar,
    /// Wakes the taker.
    room: Notify,
}

/// A claim with all that running it needs.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) claim: Claim,
    /// The route at the time of the take: what a revision changes applies to jobs taken later.
    pub(crate) route: Arc<Route>,
    pub(crate) interrupt: Interrupt,
    /// When it came into the line.
    pub(crate) since: Instant,
}

#[derive(Debug)]
struct Line {
    waiting: VecDeque<Assignment>,
    /// Slots that run something.
    busy: usize,
    pace: Pace,
    /// The taker waits for room.
    is_asked: bool,
    is_closed: bool,
}

impl Backlog {
    pub(crate) fn new(pace: Pace) -> Self {
        let line = Line { waiting: VecDeque::new(), busy: 0, pace, is_asked: false, is_closed: false };
        Self { line: Mutex::new(line), work: Condvar::new(), room: Notify::new() }
    }

    /// For slots: says how long the last job of this slot ran, if there was one, and waits for the next. `None` when
    /// the backlog is closed. Cost: one uncontended lock while there is work.
    pub(crate) fn next(&self, ran: Option<Duration>) -> Option<Assignment> {
        let mut line = self.lock();
        if let Some(took) = ran {
            line.busy -= 1;
            line.pace.ran(took);
        }
        loop {
            if line.is_asked && line.room() > 0 {
                line.is_asked = false;
                self.room.notify_one();
            }
            if let Some(next) = line.waiting.pop_front() {
                line.busy += 1;
                return Some(next);
            }
            if line.is_closed {
                return None;
            }
            line = self.work.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// For the taker: waits until claims should be taken, and answers how many. Safe to drop.
    pub(crate) async fn room(&self) -> usize {
        loop {
            {
                let mut line = self.lock();
                let room = line.room();
                if room > 0 {
                    return room;
                }
                line.is_asked = true;
            }
            // A permit is kept if a slot was faster.
            self.room.notified().await;
        }
    }

    /// Adds claims, and answers those that came too late: the backlog is closed.
    pub(crate) fn add(&self, assignments: Vec<Assignment>) -> Vec<Assignment> {
        let mut line = self.lock();
        if line.is_closed {
            return assignments;
        }
        let wakes = assignments.len();
        line.waiting.extend(assignments);
        drop(line);
        if wakes == 1 {
            self.work.notify_one();
        } else {
            self.work.notify_all();
        }
        Vec::new()
    }

    /// Takes out what has waited for longer than `limit`: the jobs before them are slower than expected, and another
    /// worker may be free.
    pub(crate) fn overdue(&self, now: Instant, limit: Duration) -> Vec<Assignment> {
        let mut line = self.lock();
        let overdue =
            line.waiting.iter().take_while(|next| now.saturating_duration_since(next.since) > limit).count();
        if overdue > 0 {
            line.pace.at_least(limit);
        }
        line.waiting.drain(..overdue).collect()
    }

    /// Ends it: slots go home when they have finished, and what had not started is answered.
    pub(crate) fn close(&self) -> Vec<Assignment> {
        let mut line = self.lock();
        line.is_closed = true;
        let left = std::mem::take(&mut line.waiting).into();
        drop(line);
        self.work.notify_all();
        left
    }

    /// How many claims wait, and how many slots are busy.
    pub(crate) fn load(&self) -> (usize, usize) {
        let line = self.lock();
        (line.waiting.len(), line.busy)
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // Nothing panics while it is held, and a line that was left would still be a whole one.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn room(&self) -> usize {
        self.pace.room(self.waiting.len() + self.busy)
    }
}
