//! What the queue tells the metrics: jobs per type and state, lost claims, duplicates, how long operations take.

use std::time::Duration;

use metrics::{Counter, Gauge, Label, counter, gauge, histogram};
use wasmill_job::JobType;

use crate::Counts;
use crate::record::TypeNo;

/// Handles of the metrics of each type, by its number.
#[derive(Default)]
pub(super) struct Gauges {
    types: Vec<Option<TypeGauges>>,
}

struct TypeGauges {
    pending: Gauge,
    scheduled: Gauge,
    in_flight: Gauge,
    dead: Gauge,
    lost: Counter,
    duplicates: Counter,
}

impl Gauges {
    /// Tells a type's numbers.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floating; exact up to 2^53 jobs")]
    pub(super) fn tell(&mut self, number: TypeNo, name: &JobType, counts: &Counts) {
        let index = number.0 as usize;
        if self.types.len() <= index {
            self.types.resize_with(index + 1, || None);
        }
        let gauges = self.types[index].get_or_insert_with(|| TypeGauges::of(name));
        gauges.pending.set(counts.pending as f64);
        gauges.scheduled.set(counts.scheduled as f64);
        gauges.in_flight.set(counts.in_flight as f64);
        gauges.dead.set(counts.dead as f64);
        gauges.lost.absolute(counts.lost);
        gauges.duplicates.absolute(counts.duplicates);
    }

    /// All types are at nothing: the queue begins anew.
    pub(super) fn reset(&mut self) {
        for gauges in self.types.drain(..).flatten() {
            for gauge in [gauges.pending, gauges.scheduled, gauges.in_flight, gauges.dead] {
                gauge.set(0.0);
            }
        }
    }
}

impl TypeGauges {
    fn of(name: &JobType) -> Self {
        let labels = vec![Label::new("type", name.as_str().to_owned())];
        Self {
            pending: gauge!("wasmill_queue_pending", labels.clone()),
            scheduled: gauge!("wasmill_queue_scheduled", labels.clone()),
            in_flight: gauge!("wasmill_queue_in_flight", labels.clone()),
            dead: gauge!("wasmill_queue_dead", labels.clone()),
            lost: counter!("wasmill_queue_lost_claims_total", labels.clone()),
            duplicates: counter!("wasmill_queue_duplicates_total", labels),
        }
    }
}

/// How long an operation took on the thread.
pub(super) fn operation(name: &'static str, took: Duration) {
    histogram!("wasmill_queue_operation_seconds", "operation" => name).record(took.as_secs_f64());
}

/// Jobs dropped on resume because the log knew better: the queue had been rolled back.
pub(super) fn rolled_back(jobs: usize) {
    counter!("wasmill_queue_rolled_back_total").increment(jobs as u64);
}

/// The queue was begun anew, to be filled from the log.
pub(super) fn rebuilt() {
    counter!("wasmill_queue_rebuilt_total").increment(1);
}
