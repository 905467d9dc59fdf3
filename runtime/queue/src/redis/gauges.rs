//! What the queue in Redis tells the metrics: how many jobs of each type are in which state, over all processes.

use std::collections::BTreeMap;

use metrics::gauge;
use wasmill_job::JobType;

use crate::Counts;

/// Types with a label of their own, by name; those beyond share one.
const TYPES_MAX: usize = 1_000;
/// What names those; no job type can be called so.
const OTHERS: &str = "(others)";

/// The labels and their counts. Pure.
fn by_label(counts: &BTreeMap<JobType, Counts>) -> Vec<(&str, Counts)> {
    let own = counts.iter().take(TYPES_MAX).map(|(name, counts)| (name.as_str(), *counts));
    let mut labels: Vec<_> = own.collect();
    if counts.len() > TYPES_MAX {
        let others = counts.values().skip(TYPES_MAX).fold(Counts::default(), |sum, counts| sum.plus(*counts));
        labels.push((OTHERS, others));
    }
    labels
}

/// Shows them. A type stays shown, with nothing, when its jobs are gone.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating; exact up to 2^53 jobs")]
pub(super) fn tell(counts: &BTreeMap<JobType, Counts>) {
    for (name, counts) in by_label(counts) {
        let set = |gauge: &'static str, jobs: u64| {
            gauge!(gauge, "type" => name.to_owned()).set(jobs as f64);
        };
        set("wasmill_queue_pending", counts.pending);
        set("wasmill_queue_scheduled", counts.scheduled);
        set("wasmill_queue_in_flight", counts.in_flight);
        set("wasmill_queue_dead", counts.dead);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn labels_are_bounded_and_nothing_is_left_out() {
        let of = |pending| Counts { pending, ..Counts::default() };
        let counts: BTreeMap<JobType, Counts> =
            (0..TYPES_MAX + 3).map(|number| (format!("type.{number:05}").parse().unwrap(), of(1))).collect();
        let labels = by_label(&counts);
        assert_eq!(labels.len(), TYPES_MAX + 1);
        assert_eq!(labels.last().unwrap(), &(OTHERS, of(3)));
        assert_eq!(by_label(&counts.into_iter().take(2).collect()).len(), 2);
    }
}
