//! An event is one line of JSON, and says of types what is asked.

use std::sync::Arc;
use std::time::Duration;

use wasmill_queue::Counts;

use super::{cells, events};
use crate::live::{Flow, Snapshot};

fn snapshot() -> Snapshot {
    let hello: wasmill_job::JobType = "hello".parse().unwrap();
    let mut snapshot = Snapshot { over: Duration::from_secs(2), ..Snapshot::default() };
    let counts = Counts { pending: 1_234, completed: 9, dead: 2, ..Counts::default() };
    snapshot.counts = Arc::new([(hello.clone(), counts)].into());
    snapshot.flows = [(hello.clone(), Flow { accepted: 5, completed: 3, failed: 1, died: 0 })].into();
    snapshot.lately = [(hello, Flow { accepted: 5, completed: 3, failed: 1, died: 0 })].into();
    snapshot
}

#[test]
fn a_row_has_texts_as_they_are_shown() {
    let row = cells(&snapshot(), &"hello".parse().unwrap());
    assert_eq!(row, ["1,234", "0", "0", "9", "2", "2.5", "1.5", "25.0 %", "–", "–"]);
    let none = cells(&snapshot(), &"other".parse().unwrap());
    assert_eq!(none[7], "–");
}

#[test]
fn only_who_asks_for_types_gets_them() {
    let snapshot = Snapshot { told: ["hello".parse().unwrap()].into(), ..snapshot() };
    let (mill, types) = events(&snapshot);
    for event in [&mill, &types] {
        let text = std::str::from_utf8(event).unwrap();
        let json = text.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["values"]["queue.pending"], "1,234", "{json}");
    }
    assert!(!String::from_utf8(mill.to_vec()).unwrap().contains("hello"));
    assert!(String::from_utf8(types.to_vec()).unwrap().contains("\"hello\""));
}
