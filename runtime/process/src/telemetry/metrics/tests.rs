//! Unit tests of `metrics`.

#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn histograms_get_buckets_by_the_unit_in_their_name() {
    let recorder = builder().build_recorder();
    let page = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("wasmill_jobs_total", "type" => "email.welcome").increment(3);
        metrics::histogram!("wasmill_run_seconds").record(0.000_03);
        metrics::histogram!("wasmill_payload_bytes").record(200.0);
        metrics::histogram!("wasmill_group_records").record(64.0);
    });
    let page = page.render();
    for line in [
        "wasmill_jobs_total{type=\"email.welcome\"} 3",
        "wasmill_run_seconds_bucket{le=\"0.000025\"} 0",
        "wasmill_run_seconds_bucket{le=\"0.00005\"} 1",
        "wasmill_payload_bytes_bucket{le=\"256\"} 1",
        "wasmill_group_records_bucket{le=\"50\"} 0",
        "wasmill_group_records_bucket{le=\"100\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
    }
}

#[tokio::test]
async fn metrics_start_once_and_show_the_process() {
    let metrics = Metrics::start().unwrap();
    metrics::counter!("wasmill_test_started_total").increment(1);
    let page = metrics.render();
    assert!(page.contains("wasmill_test_started_total 1"), "{page}");
    assert!(page.contains("process_start_time_seconds "), "{page}");
    let again = Metrics::start().unwrap_err();
    assert_eq!(again.to_string(), "metrics were started already in this process; start them once");
}
