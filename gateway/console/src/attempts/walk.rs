//! Walks through what workers told of attempts that ended: all of them in one order, from where somebody is. Pure.

use std::collections::VecDeque;

use wasmill_job::UnixMs;
use wasmill_queue::{Ended, WorkerId, WorkerReport};

use super::cursor::Cursor;

/// What was found.
#[derive(Debug)]
pub(super) struct Found<'r> {
    /// The oldest first.
    pub(super) attempts: Vec<(WorkerId, &'r Ended)>,
    pub(super) next: Cursor,
    /// How many ended that no report tells any more.
    pub(super) missed: u64,
}

/// The last `limit` of those that are asked for. Cost: O(n log n) of all attempts told.
pub(super) fn newest(reports: &[WorkerReport], limit: usize, is_asked: impl Fn(&Ended) -> bool) -> Found<'_> {
    let mut attempts = VecDeque::new();
    for (worker, ended) in in_order(reports, |_| 0) {
        if is_asked(ended) {
            attempts.push_back((worker, ended));
        }
        if attempts.len() > limit {
            attempts.pop_front();
        }
    }
    let mut next = Cursor::default();
    for report in reports {
        next.set(report.worker, last_number(report));
    }
    Found { attempts: attempts.into(), next, missed: 0 }
}

/// The first `limit` of those that are asked for and ended after `after`. Of workers that are gone the next cursor says nothing;
/// one that is new, or was silent, begins with all that it tells. Cost: O(n log n) of all attempts told.
pub(super) fn follow(
    reports: &[WorkerReport],
    after: Cursor,
    limit: usize,
    is_asked: impl Fn(&Ended) -> bool,
) -> Found<'_> {
    let (mut next, mut missed) = (Cursor::default(), 0);
    for report in reports {
        let seen = after.of(report.worker);
        // What came before the first that is told is gone, and counted once.
        let told_from = report.ended.first().map_or(0, |first| first.number.saturating_sub(1));
        missed += seen.map_or(0, |seen| told_from.saturating_sub(seen));
        next.set(report.worker, seen.unwrap_or_default().max(told_from));
    }
    let seen = next.clone();
    let mut attempts = Vec::new();
    for (worker, ended) in in_order(reports, |worker| seen.of(worker).unwrap_or_default()) {
        if is_asked(ended) {
            if attempts.len() == limit {
                break;
            }
            attempts.push((worker, ended));
        }
        next.set(worker, ended.number);
    }
    Found { attempts, next, missed }
}

/// What ended after the number that was seen of each worker, in the order of time; those of one worker in the order of their
/// numbers, though its clock may have gone back: else a cursor could not say how far somebody is.
fn in_order(
    reports: &[WorkerReport],
    seen: impl Fn(WorkerId) -> u64,
) -> impl Iterator<Item = (WorkerId, &Ended)> {
    let mut all = Vec::new();
    for report in reports {
        let seen = seen(report.worker);
        let mut latest = UnixMs(0);
        for ended in report.ended.iter().filter(|ended| ended.number > seen) {
            latest = latest.max(ended.at);
            all.push((latest, report.worker, ended));
        }
    }
    all.sort_by_key(|(at, worker, ended)| (*at, *worker, ended.number));
    all.into_iter().map(|(_, worker, ended)| (worker, ended))
}

fn last_number(report: &WorkerReport) -> u64 {
    report.ended.last().map_or(0, |last| last.number)
}

#[cfg(test)]
mod tests;
