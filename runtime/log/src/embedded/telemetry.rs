//! What the log tells about itself, through the `metrics` facade.
//!
//! Counters: `wasmill_log_appended_records_total`, `wasmill_log_appended_bytes_total`, `wasmill_log_commits_total`
//! (group commits), `wasmill_log_refused_records_total{reason}`, `wasmill_log_dropped_bytes_total` (retention and
//! compaction, disk space), `wasmill_log_reopens_total`. Histograms: `wasmill_log_commit_seconds`,
//! `wasmill_log_group_records`. Gauges: `wasmill_log_free_bytes` (of the disk), `wasmill_log_file_bytes`.

use std::time::Duration;

/// A group commit is durable.
pub(super) fn committed(records: usize, bytes: usize, took: Duration) {
    metrics::counter!("wasmill_log_commits_total").increment(1);
    metrics::histogram!("wasmill_log_commit_seconds").record(took.as_secs_f64());
    if records > 0 {
        metrics::counter!("wasmill_log_appended_records_total").increment(records as u64);
        metrics::counter!("wasmill_log_appended_bytes_total").increment(bytes as u64);
        metrics::histogram!("wasmill_log_group_records").record(records as f64);
    }
}

pub(super) fn refused(records: usize, reason: &'static str) {
    metrics::counter!("wasmill_log_refused_records_total", "reason" => reason).increment(records as u64);
}

pub(super) fn dropped(bytes: u64) {
    metrics::counter!("wasmill_log_dropped_bytes_total").increment(bytes);
}

pub(super) fn reopened() {
    metrics::counter!("wasmill_log_reopens_total").increment(1);
}

pub(super) fn disk(free_bytes: u64) {
    metrics::gauge!("wasmill_log_free_bytes").set(free_bytes as f64);
}

pub(super) fn file(bytes: u64) {
    metrics::gauge!("wasmill_log_file_bytes").set(bytes as f64);
}
