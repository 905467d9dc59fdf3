//! What the log in Kafka tells about itself, through the `metrics` facade.
//!
//! Counters: `wasmill_log_appended_records_total`, `wasmill_log_appended_bytes_total`,
//! `wasmill_log_refused_records_total{reason}`, `wasmill_log_read_records_total`, `wasmill_log_read_bytes_total`,
//! `wasmill_log_reopens_total` (producers made anew), `wasmill_log_rebalances_total`, `wasmill_log_strays_total` (reads beside
//! the streams). Histograms: `wasmill_log_delivery_seconds` (a call's append, from the buffer to the last acknowledgement).
//! Gauges: `wasmill_log_buffered_records` (given to the brokers and not acknowledged), `wasmill_log_assigned_partitions`.

use std::time::Duration;

use crate::AppendError;

pub(super) fn appended(records: usize, bytes: usize, took: Duration) {
    metrics::histogram!("wasmill_log_delivery_seconds").record(took.as_secs_f64());
    metrics::counter!("wasmill_log_appended_records_total").increment(records as u64);
    metrics::counter!("wasmill_log_appended_bytes_total").increment(bytes as u64);
}

pub(super) fn refused(error: &AppendError) {
    metrics::counter!("wasmill_log_refused_records_total", "reason" => error.word()).increment(1);
}

pub(super) fn buffered(records: i32) {
    metrics::gauge!("wasmill_log_buffered_records").set(f64::from(records));
}

pub(super) fn read(records: usize, bytes: usize) {
    metrics::counter!("wasmill_log_read_records_total").increment(records as u64);
    metrics::counter!("wasmill_log_read_bytes_total").increment(bytes as u64);
}

pub(super) fn strayed() {
    metrics::counter!("wasmill_log_strays_total").increment(1);
}

pub(super) fn reopened() {
    metrics::counter!("wasmill_log_reopens_total").increment(1);
}

pub(super) fn rebalanced(partitions: usize) {
    metrics::counter!("wasmill_log_rebalances_total").increment(1);
    metrics::gauge!("wasmill_log_assigned_partitions").set(partitions as f64);
}
