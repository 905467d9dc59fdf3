//! Tests of the table of the last hours.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_point_is_a_line_and_completed_a_bar() {
    let series: Series = serde_json::from_str(
        r#"{"points": [
            {"at_ms": 1718000000000, "minutes": 5, "accepted": 10, "completed": 8, "failed": 3, "died": 1, "pending": 1,
             "wait_ms": {"p50": 1.0, "p95": 20.0, "p99": 31.5}, "run_ms": {"p50": 0.1, "p95": 0.2, "p99": 0.25}},
            {"at_ms": 1718000300000, "minutes": 5, "accepted": 0, "completed": 0, "failed": 0, "died": 0, "pending": 1}]}"#,
    )
    .unwrap();
    assert_eq!(
        anstream::adapter::strip_str(&series.render()).to_string(),
        "\
TIME                      ACCEPTED  COMPLETED  FAILED  DIED  PENDING  WAIT P99  RUN P99
2024-06-10T06:13:20.000Z        10          8       3     1        1  32 ms     250 µs
2024-06-10T06:18:20.000Z         0          0       0     0        1  -         -
█▁ completed, at most 8
"
    );
}
