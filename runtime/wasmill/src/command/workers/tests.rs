//! Tests of the tables of workers.
#![allow(clippy::unwrap_used)]

use super::*;

fn list() -> WorkerList {
    serde_json::from_str(
        r#"{"workers": [
            {"worker": "00ff00ff00ff00ff", "host": "one", "pid": 123, "version": "0.1.0", "started_at_ms": 1000,
             "told_at_ms": 99000, "revision": 7, "slots": 4, "held": 6, "draining": false, "running": [
                {"id": "a", "type": "mail", "module": "hello@1.0.0", "attempt": 1, "since_ms": 99500},
                {"id": "b", "type": "bill", "module": null, "attempt": 3, "since_ms": 40000}], "running_more": 2},
            {"worker": "11ff00ff00ff00ff", "host": "two", "pid": 7, "version": "0.1.0", "started_at_ms": 90000,
             "told_at_ms": 100000, "revision": 7, "slots": 1, "held": 1, "draining": true, "running": [
                {"id": "c", "type": "mail", "module": "hello@1.1.0", "attempt": 1, "since_ms": 70000}]}]}"#,
    )
    .unwrap()
}

fn plain(table: &Table) -> String {
    anstream::adapter::strip_str(&table.render()).to_string()
}

#[test]
fn workers_tell_how_long_and_how_busy() {
    assert_eq!(
        plain(&workers(&list(), 100_000)),
        "\
WORKER            HOST  PID  VERSION  UP      TOLD  REVISION  SLOTS  HELD  RUNNING  STATE
00ff00ff00ff00ff  one   123    0.1.0  1m 39s  1s           7      4     6        4  works
11ff00ff00ff00ff  two     7    0.1.0  10s     0 µs         7      1     1        1  draining
"
    );
}

#[test]
fn what_runs_longest_stands_first() {
    assert_eq!(
        plain(&running(&list(), 100_000)),
        "\
FOR     TYPE  ID  ATTEMPT  MODULE       WORKER            HOST
1m      bill  b         3  -            00ff00ff00ff00ff  one
30s     mail  c         1  hello@1.1.0  11ff00ff00ff00ff  two
500 ms  mail  a         1  hello@1.0.0  00ff00ff00ff00ff  one
"
    );
    assert_eq!(list().running_more(), 2);
}
