//! A token for some types learns nothing of the others, neither by name nor by number.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{JobType, Scope, TypePattern, UnixMs};
use wasmill_queue::{Counts, Latencies};

use super::super::attention::{About, Notice, Weight};
use super::{event_for, seen};
use crate::lanes::LaneRow;
use crate::live::{Flow, Snapshot};
use crate::memory::ServerMemory;

fn name(text: &str) -> JobType {
    text.parse().unwrap()
}

fn lane(topic: &str) -> LaneRow {
    LaneRow { topic: topic.into(), wanted: Some(0), next: 4, lag: 4, unsettled: 4, ..LaneRow::default() }
}

/// Two types, `hello` with 1 and `mail` with 50 of everything.
fn mill() -> Arc<Snapshot> {
    let of = |many| Counts { pending: many, dead: many, accepted: many, ..Counts::default() };
    let flow = |many| Flow { accepted: many, completed: many, failed: many, died: many };
    let flows = [(name("hello"), flow(1)), (name("mail"), flow(50))];
    let notice = |about: About| Notice {
        text: format!("{about:?} is the matter"),
        link: "/console".into(),
        weight: Weight::Waiting,
        about,
    };
    let mut snapshot = Snapshot { at: UnixMs(10_000), over: Duration::from_secs(1), ..Snapshot::default() };
    snapshot.counts = Arc::new([(name("hello"), of(1)), (name("mail"), of(50))].into());
    snapshot.flows = flows.into();
    let mut times = Latencies::default();
    times.run_us.record(1_000);
    let times = [(name("hello"), times.clone()), (name("mail"), times)].into();
    snapshot.series.add(UnixMs(0), &snapshot.flows, &times);
    snapshot.series.add(UnixMs(10_000), &snapshot.flows, &times);
    snapshot.lately = snapshot.series.sums().clone();
    snapshot.lanes = Arc::new(vec![
        lane("wasmill.parked.hello"),
        lane("wasmill.parked.mail"),
        lane("wasmill.q.default.1"),
    ]);
    snapshot.notices = Arc::new(vec![
        notice(About::Lane),
        notice(About::Type(name("hello"))),
        notice(About::Type(name("mail"))),
        notice(About::Server("redis:1".into())),
    ]);
    let server = ServerMemory {
        server: "redis:1".into(),
        shards: vec![0],
        away: false,
        used_bytes: 1,
        max_bytes: None,
        full: false,
    };
    snapshot.servers = Arc::new(vec![server]);
    snapshot.told = [name("hello"), name("mail")].into();
    snapshot.events = super::events(&snapshot);
    Arc::new(snapshot)
}

fn scope(pattern: &str) -> Scope {
    let patterns: Vec<TypePattern> = vec![pattern.parse().unwrap()];
    patterns.try_into().unwrap()
}

#[test]
fn all_types_see_the_snapshot_itself() {
    let mill = mill();
    assert!(Arc::ptr_eq(&seen(Arc::clone(&mill), &Scope::WHOLE), &mill));
    assert_eq!(event_for(&mill, &Scope::WHOLE, true), mill.events.1);
    assert!(event_for(&Arc::new(Snapshot::default()), &scope("hello"), true).is_empty());
}

#[test]
fn some_types_see_nothing_of_the_others() {
    let own = seen(mill(), &scope("hello"));
    let said = format!("{own:?}");
    assert!(!said.contains("mail") && !said.contains("redis:1"), "{said}");
    assert_eq!(own.lanes.len(), 2, "{own:?}");
    assert_eq!(own.notices.len(), 2, "{own:?}");
    let accepted: Vec<_> = own.series.mill().map(|bucket| bucket.flow.accepted).collect();
    assert_eq!(accepted, [2]);
    assert!(own.series.times().mill().run.is_some());
    let event = String::from_utf8(event_for(&mill(), &scope("hello"), true).to_vec()).unwrap();
    let event: serde_json::Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        (&event["values"]["queue.pending"], &event["values"]["dead.badge"]),
        (&"1".into(), &"1".into())
    );
    assert_eq!(event["values"]["attention"], "2");
    assert_eq!(event["types"].as_object().unwrap().len(), 1, "{event}");
}

#[test]
fn no_types_see_an_idle_mill() {
    let none = seen(mill(), &scope("billing.*"));
    assert!(none.series.times().mill().run.is_none());
    assert!(none.counts.is_empty() && none.flows.is_empty() && none.lately.is_empty(), "{none:?}");
}
