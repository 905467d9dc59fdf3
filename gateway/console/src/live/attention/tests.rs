//! Each trouble is told, with its page; a mill at rest says nothing.

use std::collections::BTreeMap;

use wasmill_catalog::Catalog;
use wasmill_job::{JobType, UnixMs};
use wasmill_queue::Counts;

use super::{Notice, Seen, Weight, notices, told};
use crate::lanes::LaneRow;
use crate::live::Flow;
use crate::live::standstill::Standstill;

struct Mill {
    counts: BTreeMap<JobType, Counts>,
    lanes: Vec<LaneRow>,
    still: Standstill,
    lately: BTreeMap<JobType, Flow>,
}

impl Mill {
    fn with(counts: Counts) -> Self {
        let counts = [("hello".parse().unwrap(), counts)].into();
        Self { counts, lanes: Vec::new(), still: Standstill::default(), lately: BTreeMap::new() }
    }

    fn notices(&self) -> Vec<Notice> {
        let Self { counts, lanes, still, lately } = self;
        let catalog = Catalog::default();
        notices(&Seen {
            now: UnixMs(100_000),
            catalog: &catalog,
            counts,
            lanes,
            still,
            lately,
            has_log: true,
        })
    }
}

fn lane(topic: &str) -> LaneRow {
    LaneRow { topic: topic.into(), wanted: Some(0), next: 4, lag: 4, unsettled: 4, ..LaneRow::default() }
}

#[test]
fn a_mill_at_rest_needs_nothing() {
    assert_eq!(Mill::with(Counts { completed: 9, ..Counts::default() }).notices(), []);
}

#[test]
fn what_has_stopped_comes_before_what_waits() {
    let mut mill = Mill::with(Counts { dead: 2, ..Counts::default() });
    mill.lanes = vec![lane("wasmill.q.default.1"), lane("wasmill.parked.hello")];
    mill.still.note_lanes(UnixMs(0), &mill.lanes);
    let told = mill.notices();
    let links: Vec<_> = told.iter().map(|notice| notice.link.as_str()).collect();
    assert_eq!(
        links,
        ["/console/queues", "/console/dead?type=hello", "/console/jobs?state=parked&type=hello"],
        "{told:?}"
    );
    assert_eq!((told[0].weight, &told[0].job_type), (Weight::Stopped, &None));
    assert_eq!(told[2].job_type, Some("hello".parse().unwrap()));
}

#[test]
fn dead_letters_that_grow_weigh_more_than_those_that_lie() {
    let mut mill = Mill::with(Counts { dead: 2, ..Counts::default() });
    assert_eq!(mill.notices()[0].weight, Weight::Waiting);
    mill.lately.insert("hello".parse().unwrap(), Flow { died: 1, ..Flow::default() });
    let told = mill.notices();
    assert_eq!(told[0].weight, Weight::Growing);
    assert!(told[0].text.contains("2 dead letters, 1 more"), "{told:?}");
}

#[test]
fn a_thousand_troubles_are_counted_and_not_all_told() {
    let mut mill = Mill::with(Counts::default());
    let troubled = |n: u32| (format!("t{n}").parse().unwrap(), Counts { dead: 1, ..Counts::default() });
    mill.counts = (0..1_000).map(troubled).collect();
    let notices = mill.notices();
    let (told, more) = told(&notices);
    assert_eq!((told.len(), more), (20, 980));
}
