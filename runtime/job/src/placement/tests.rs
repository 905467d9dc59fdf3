//! Unit tests of `placement`.

#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::{IdSource, Partition, UnixMs};

#[test]
fn the_generations_of_before_are_in_the_main_set() {
    assert!((0..64).all(|number| Generation(number).server_set() == ServerSet::MAIN));
    let [first_of_one, last_of_all] = [Generation(64), Generation(4095)].map(Generation::server_set);
    assert_eq!((first_of_one, last_of_all), (ServerSet(1), ServerSet(63)));
}

#[test]
fn numbers_begin_at_one_in_each_set_and_none_comes_twice() {
    let following = |given: &[u16], set| {
        Generation::following(given.iter().copied().map(Generation), ServerSet(set)).map(|next| next.0)
    };
    assert_eq!(following(&[], 0), Some(1));
    assert_eq!(following(&[1, 2], 0), Some(3));
    assert_eq!(following(&[1, 2], 1), Some(65));
    assert_eq!(following(&[1, 65], 0), Some(2));
    // Of a queue from before numbers began at one.
    assert_eq!(following(&[0], 0), Some(1));
    assert_eq!(following(&[2, 63], 0), None);
    assert_eq!(following(&[63], 1), Some(65));
    assert_eq!(following(&[], 63), Some(63 * 64 + 1));
    assert_eq!(following(&[], 64), None);
}

proptest! {
    #[test]
    fn what_is_given_out_is_new_of_its_set_and_fits_an_id(
        given in prop::collection::vec(0_u16..4096, 0..20),
        set in 0_u16..64,
    ) {
        let next = Generation::following(given.iter().copied().map(Generation), ServerSet(set));
        if let Some(next) = next {
            prop_assert!(!given.contains(&next.0));
            prop_assert_eq!(next.server_set(), ServerSet(set));
            let id = IdSource::default().next(UnixMs(1), 1, next, Partition(3));
            prop_assert_eq!(id.generation(), next);
        }
    }
}
