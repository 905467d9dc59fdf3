//! An event is one line of JSON, and says of types what is asked.

use std::sync::Arc;
use std::time::Duration;

use wasmill_queue::Counts;

use super::{cells, events, mark};
use crate::live::attention::{About, Notice, Weight};
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
fn the_mark_changes_with_what_is_said_in_sentences() {
    let before = snapshot();
    let more = [("hello".parse().unwrap(), Counts { accepted: 9, ..Counts::default() })];
    let busier = Snapshot { counts: Arc::new(more.clone().into()), ..snapshot() };
    assert_eq!(mark(&before), mark(&busier), "it has letters, so work had come");
    let empty = Snapshot { counts: Arc::default(), ..snapshot() };
    let first = Snapshot { counts: Arc::new(more.into()), ..snapshot() };
    assert_ne!(mark(&empty), mark(&first));
    let notice = |count: u64, link: &str| Notice {
        text: format!("{count} letters"),
        link: link.into(),
        weight: Weight::Growing,
        about: About::Lane,
    };
    let noticed = |notice| Snapshot { notices: Arc::new(vec![notice]), ..snapshot() };
    assert_ne!(mark(&before), mark(&noticed(notice(1, "/a"))));
    assert_eq!(mark(&noticed(notice(1, "/a"))), mark(&noticed(notice(2, "/a"))));
    assert_ne!(mark(&noticed(notice(1, "/a"))), mark(&noticed(notice(1, "/b"))));
    let full =
        |server: &str, weight| Notice { about: About::Server(server.into()), weight, ..notice(1, "/a") };
    let nearly = mark(&noticed(full("a:1", Weight::Growing)));
    assert_ne!(nearly, mark(&noticed(full("a:1", Weight::Stopped))));
    assert_ne!(nearly, mark(&noticed(full("b:1", Weight::Growing))));
    assert_ne!(mark(&before), mark(&Snapshot { trouble: Some("away".into()), ..snapshot() }));
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
