//! Unit tests of `position`.

#![allow(clippy::single_range_in_vec_init, clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn ranges(progress: &Progress) -> Vec<Range<u64>> {
    progress.settled.iter().cloned().collect()
}

#[test]
fn the_floor_rises_over_what_is_contiguous() {
    let mut progress = Progress::default();
    progress.settle(Offset(2)..Offset(4));
    assert_eq!((progress.floor, ranges(&progress)), (Offset(0), vec![2..4]));
    progress.settle(Offset(0)..Offset(1));
    assert_eq!((progress.floor, ranges(&progress)), (Offset(1), vec![2..4]));
    progress.settle(Offset(1)..Offset(2));
    assert_eq!((progress.floor, ranges(&progress)), (Offset(4), vec![]));
    progress.settle(Offset(0)..Offset(3));
    assert_eq!((progress.floor, ranges(&progress)), (Offset(4), vec![]));
}

proptest! {
    #[test]
    fn progress_agrees_with_a_set_of_offsets(pieces in prop::collection::vec((0_u64..60, 0_u64..6), 0..40)) {
        let mut progress = Progress::default();
        let mut model = std::collections::BTreeSet::new();
        for (start, length) in pieces {
            progress.settle(Offset(start)..Offset(start + length));
            model.extend(start..start + length);
        }
        for offset in 0..70 {
            prop_assert_eq!(progress.is_settled(Offset(offset)), model.contains(&offset));
        }
        let floor = (0..).find(|offset| !model.contains(offset)).unwrap();
        prop_assert_eq!(progress.floor, Offset(floor));
        prop_assert!(progress.settled.iter().all(|range| range.start > floor));
    }
}

#[test]
fn topics_are_named_by_queue_and_generation() {
    let mail: QueueName = "mail".parse().unwrap();
    assert_eq!(Topic::queue(&mail, Generation(3)).as_str(), "wasmill.q.mail.3");
    assert!(Topic::dead().is_compacted());
    assert!(!Topic::queue(&mail, Generation(0)).is_compacted());
    assert_eq!(Topic::dead().to_string(), "wasmill.dead");
}

#[test]
fn topics_say_which_servers_they_go_to() {
    let of = |name: &str| Topic::from(name).server_set().0;
    assert_eq!((of("wasmill.q.mail.3"), of("wasmill.q.mail.65"), of("wasmill.q.mail.2.130")), (0, 1, 2));
    let welcome: JobType = "email.welcome".parse().unwrap();
    let names = [0, 1, 12].map(|set| Topic::parked_in(&welcome, ServerSet(set)));
    let shown: Vec<_> = names.iter().map(Topic::as_str).collect();
    assert_eq!(
        shown,
        ["wasmill.parked.email.welcome", "wasmill.parked-1.email.welcome", "wasmill.parked-12.email.welcome"]
    );
    assert!(names.iter().all(|topic| topic.parked_type().as_ref() == Some(&welcome)));
    assert_eq!(names.map(|topic| topic.server_set().0), [0, 1, 12]);
    for stranger in
        ["wasmill.parked-0.a", "wasmill.parked-x.a", "wasmill.parkedx.a", "wasmill.parked", "wasmill.dead"]
    {
        assert_eq!((Topic::from(stranger).parked_type(), of(stranger)), (None, 0), "{stranger}");
    }
}
