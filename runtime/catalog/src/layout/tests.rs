//! Unit tests of `layout`.

#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn mail() -> QueueName {
    "mail".parse().unwrap()
}

fn layout(partitions: u32, set: u16) -> Layout {
    let redis = if set == 0 { "main".into() } else { RedisName::from(&*format!("set-{set}")) };
    Layout { partitions: NonZeroU32::new(partitions).unwrap(), redis, set: ServerSet(set) }
}

fn first() -> QueueSpec {
    QueueSpec::new(&mail(), layout(4, 0), Durability::Quorum).unwrap()
}

#[test]
fn the_numbers_of_a_set_end() {
    let mut queue = first();
    for turn in 1..63 {
        let number = queue.current.generation;
        queue = queue.relaid(&mail(), layout(4 + turn % 2, 0)).unwrap();
        queue = queue.without(number).unwrap();
    }
    assert_eq!(queue.current.generation, Generation(63));
    let says = queue.relaid(&mail(), layout(9, 0)).unwrap_err().to_string();
    let expected = "queue `mail` has used up the 63 generations that it can have in Redis \"main\": make a queue with another \
                    name, or put it into another Redis";
    assert_eq!(says, expected);
    assert_eq!(queue.relaid(&mail(), layout(9, 1)).unwrap().current.generation, Generation(65));
    assert!(QueueSpec::new(&mail(), layout(1, 64), Durability::Quorum).is_err());
}

#[test]
fn a_name_of_a_redis_may_change_while_its_place_does_not() {
    let mut wanted = layout(4, 0);
    wanted.redis = "old-main".into();
    let renamed = first().relaid(&mail(), wanted).unwrap();
    assert_eq!((renamed.current.redis.as_str(), renamed.draining.len()), ("old-main", 0));
}

proptest! {
    /// Whatever happens to a queue, no number ever means two layouts, and what drains is listed once, oldest first.
    #[test]
    fn a_number_means_one_layout_for_ever(steps in prop::collection::vec((1_u32..6, 0_u16..3, any::<bool>()), 0..60)) {
        let mut queue = first();
        let mut known = std::collections::BTreeMap::from([(Generation(1), layout(4, 0))]);
        for (partitions, set, retires) in steps {
            let wanted = layout(partitions, set);
            let before = queue.clone();
            match queue.relaid(&mail(), wanted.clone()) {
                Ok(next) => queue = next,
                Err(_) => prop_assert_eq!(queue.draining.len(), QueueSpec::DRAINING_MAX),
            }
            let GenerationSpec { generation, .. } = queue.current;
            if queue != before {
                prop_assert_eq!(queue.current.layout(), wanted.clone());
                prop_assert_eq!(queue.draining.last(), Some(&before.current));
                prop_assert_eq!(known.entry(generation).or_insert(wanted.clone()), &wanted);
            }
            if let Some(oldest) = queue.draining.first().map(|of| of.generation).filter(|_| retires) {
                queue = queue.without(oldest).unwrap();
            }
            prop_assert!(!queue.spent.contains(&generation));
            let numbers: BTreeSet<_> = queue.generations().map(|of| of.generation).collect();
            prop_assert_eq!(numbers.len(), queue.generations().count());
        }
    }
}
