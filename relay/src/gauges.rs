//! What the relay measures. The process exports it; without an exporter it costs nothing.

use std::time::Duration;

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};
use wasmill_job::{FailureCode, TopicPartition};

/// The metrics of one lane.
pub(crate) struct Gauges {
    lag: Gauge,
    floor_age: Gauge,
    labels: [(&'static str, String); 2],
    hindered: Gauge,
    pushed: Counter,
    duplicates: Counter,
    parked: Counter,
    dropped: Counter,
    refreshed: Counter,
}

impl Gauges {
    pub(crate) fn of(lane: &TopicPartition) -> Self {
        let labels = [("topic", lane.topic.to_string()), ("partition", lane.partition.to_string())];
        Self {
            lag: gauge!("wasmill_relay_lag_records", &labels),
            floor_age: gauge!("wasmill_relay_floor_age_seconds", &labels),
            hindered: gauge!("wasmill_relay_hindered", &labels),
            pushed: counter!("wasmill_relay_pushed_total", &labels),
            duplicates: counter!("wasmill_relay_duplicates_total", &labels),
            parked: counter!("wasmill_relay_parked_total", &labels),
            dropped: counter!("wasmill_relay_dropped_total", &labels),
            refreshed: counter!("wasmill_relay_refreshed_total", &labels),
            labels,
        }
    }

    /// Records that the log holds and the queue has not been given.
    pub(crate) fn lag(&self, records: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; exact below 2^53")]
        self.lag.set(records as f64);
    }

    /// How long ago the oldest unsettled record was stored, zero when all is settled; and how long the topic keeps records
    /// whatever became of them, where it does not keep them for ever.
    pub(crate) fn floor_age(&self, age: Duration, retention: Option<Duration>) {
        self.floor_age.set(age.as_secs_f64());
        // Shown only where there is one: a share of it would be infinite else.
        if let Some(retention) = retention {
            gauge!("wasmill_relay_retention_seconds", &self.labels).set(retention.as_secs_f64());
        }
    }

    /// Whether the lane stands still because of trouble.
    pub(crate) fn hindered(&self, is_hindered: bool) {
        self.hindered.set(f64::from(u8::from(is_hindered)));
    }

    pub(crate) fn pushed(&self, jobs: usize, duplicates: usize) {
        self.pushed.increment(jobs as u64);
        self.duplicates.increment(duplicates as u64);
    }

    /// Jobs whose copies went back into the log, because their type was full.
    pub(crate) fn parked(&self, jobs: usize) {
        self.parked.increment(jobs as u64);
    }

    /// Records of jobs that the queue has from the gateway.
    pub(crate) fn dropped(&self, records: usize) {
        self.dropped.increment(records as u64);
    }

    /// Records that had grown old and were appended again.
    pub(crate) fn refreshed(&self, records: usize) {
        self.refreshed.increment(records as u64);
    }
}

impl Drop for Gauges {
    /// A lane that another relay has now, or nobody, is not shown as it was here last.
    fn drop(&mut self) {
        self.lag(0);
        self.floor_age(Duration::ZERO, None);
        self.hindered(false);
    }
}

/// Counts a record that became a dead letter on the way.
pub(crate) fn count_dead(reason: FailureCode) {
    counter!("wasmill_relay_dead_total", "reason" => reason.as_str()).increment(1);
}

/// Counts debts of the queue that are paid.
pub(crate) fn count_paid(debts: usize) {
    counter!("wasmill_relay_paid_total").increment(debts as u64);
}

/// Counts children of completed jobs that are where they belong.
pub(crate) fn count_children(children: usize) {
    counter!("wasmill_relay_children_total").increment(children as u64);
}

/// Names the metrics for people.
pub(crate) fn describe() {
    describe_gauge!("wasmill_relay_lag_records", "records in the log that the queue has not been given");
    describe_gauge!("wasmill_relay_floor_age_seconds", "age of the oldest record that is not settled");
    describe_gauge!(
        "wasmill_relay_retention_seconds",
        "how long the topic keeps records that are not settled"
    );
    describe_counter!("wasmill_relay_parked_total", "jobs put back into the log because their type was full");
    describe_counter!(
        "wasmill_relay_dropped_total",
        "records counted and dropped, for the gateway gave the queue their jobs"
    );
    describe_counter!("wasmill_relay_refreshed_total", "old unsettled records appended again");
    describe_gauge!("wasmill_relay_hindered", "1 while the lane stands still because of trouble");
    describe_counter!("wasmill_relay_pushed_total", "jobs pushed to the queue, duplicates included");
    describe_counter!("wasmill_relay_duplicates_total", "jobs the queue dropped because it knew them");
    describe_counter!("wasmill_relay_dead_total", "records that became dead letters on the way, by reason");
    describe_counter!(
        "wasmill_relay_paid_total",
        "debts of the queue (dead letters, children) that were paid"
    );
    describe_counter!("wasmill_relay_children_total", "jobs that completed jobs emitted, passed on");
}
