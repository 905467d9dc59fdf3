//! Each trouble is told, with its page; a mill at rest says nothing.

use std::collections::BTreeMap;

use wasmill_catalog::Catalog;
use wasmill_job::{JobType, Scope, TypePattern, UnixMs};
use wasmill_queue::Counts;

use super::{About, Notice, Seen, Weight, notices, told};
use crate::lanes::LaneRow;
use crate::live::Flow;
use crate::live::standstill::Standstill;
use crate::memory::ServerMemory;

struct Mill {
    counts: BTreeMap<JobType, Counts>,
    lanes: Vec<LaneRow>,
    servers: Vec<ServerMemory>,
    still: Standstill,
    lately: BTreeMap<JobType, Flow>,
    has_log: bool,
}

impl Mill {
    fn with(counts: Counts) -> Self {
        let counts = [("hello".parse().unwrap(), counts)].into();
        Self {
            counts,
            lanes: Vec::new(),
            servers: Vec::new(),
            still: Standstill::default(),
            lately: BTreeMap::new(),
            has_log: true,
        }
    }

    fn notices(&self) -> Vec<Notice> {
        let Self { counts, lanes, servers, still, lately, has_log } = self;
        let catalog = Catalog::default();
        notices(&Seen {
            now: UnixMs(100_000),
            catalog: &catalog,
            counts,
            lanes,
            servers,
            still,
            lately,
            has_log: *has_log,
        })
    }
}

fn lane(topic: &str) -> LaneRow {
    LaneRow { topic: topic.into(), wanted: Some(0), next: 4, lag: 4, unsettled: 4, ..LaneRow::default() }
}

fn server(name: &str, used_mib: u64, full: bool) -> ServerMemory {
    let (used_bytes, max_bytes) = (used_mib << 20, Some(256 << 20));
    ServerMemory { server: name.into(), shards: vec![0], away: false, used_bytes, max_bytes, full }
}

#[test]
fn a_server_that_takes_no_jobs_comes_first_with_what_becomes_of_them() {
    let mut mill = Mill::with(Counts { pending: 70_000, ..Counts::default() });
    mill.counts.insert("mail".parse().unwrap(), Counts { pending: 9, ..Counts::default() });
    mill.lanes = vec![lane("wasmill.q.default.1")];
    mill.still.note_lanes(UnixMs(0), &mill.lanes);
    mill.servers = vec![server("a:1", 20, false), server("b:1", 193, true)];
    let told = mill.notices();
    assert_eq!((&told[0].about, told[0].weight), (&About::Server("b:1".into()), Weight::Stopped), "{told:?}");
    assert_eq!(told[0].link, "/console/queues");
    assert_eq!(
        told[0].text,
        "Redis b:1 is full and takes no new jobs: they wait in the log meanwhile (193 MiB used of 256 MiB). Add memory or servers, \
         or find the type that piles up: of hello the most jobs wait in the queue, 70,000."
    );
    assert_eq!(told[1].about, About::Lane);
    mill.has_log = false;
    assert!(
        mill.notices()[0].text.contains("they are refused until memory has become free (193"),
        "{told:?}"
    );
}

#[test]
fn a_server_that_is_nearly_full_is_told_before_it_is() {
    let mut mill = Mill::with(Counts::default());
    mill.servers = vec![server("a:1", 172, false), server("b:1", 173, false)];
    let told = mill.notices();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0].about, told[0].weight), (&About::Server("b:1".into()), Weight::Growing));
    assert!(
        told[0].text.starts_with("Redis b:1 is nearly full, and will take no new jobs when it is (173 MiB"),
        "{told:?}"
    );
    assert!(told[0].text.ends_with("find the type that piles up."), "{told:?}");
}

#[test]
fn a_server_that_is_away_is_told() {
    let mut mill = Mill::with(Counts::default());
    mill.servers = vec![server("a:1", 1, false), ServerMemory { away: true, ..server("b:1", 0, false) }];
    let told = mill.notices();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0].about, told[0].weight), (&About::Server("b:1".into()), Weight::Stopped));
    assert!(told[0].text.starts_with("Redis b:1 does not answer: the jobs that it holds wait"), "{told:?}");
}

#[test]
fn servers_are_for_who_may_see_all_types() {
    let mut mill = Mill::with(Counts { dead: 1, ..Counts::default() });
    mill.servers = vec![server("a:1", 193, true)];
    let patterns: Vec<TypePattern> = vec!["hello".parse().unwrap()];
    let own: Scope = patterns.try_into().unwrap();
    let seen = |scope: &Scope| mill.notices().iter().filter(|notice| notice.is_seen(scope)).count();
    assert_eq!((seen(&Scope::WHOLE), seen(&own)), (2, 1));
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
    assert_eq!((told[0].weight, &told[0].about), (Weight::Stopped, &About::Lane));
    assert_eq!(told[2].about, About::Type("hello".parse().unwrap()));
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
