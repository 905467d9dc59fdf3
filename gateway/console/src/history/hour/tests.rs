//! Which rows a minute changes, and who gets a row.
#![allow(clippy::unwrap_used)]

use wasmill_job::JobType;

use super::{Hour, TYPES_MAX};
use crate::history::collect::Closed;
use crate::history::minute::{Minute, MinuteNumber};
use crate::history::row::tests::busy;

fn name(text: &str) -> JobType {
    text.parse().unwrap()
}

fn closed(minute: u64, types: &[(&str, Minute)]) -> Closed {
    let types = types.iter().map(|(of, minute)| (name(of), *minute)).collect();
    Closed { minute: MinuteNumber(minute), mill: busy(1), types }
}

fn pending(pending: u64) -> Minute {
    Minute { pending, ..Minute::default() }
}

#[test]
fn only_what_changed_is_written() {
    let mut hour = Hour::default();
    assert_eq!(hour.add(&closed(0, &[("a", busy(5)), ("b", pending(3)), ("c", Minute::default())])).len(), 2);
    // The same is pending: nothing to write. Then it is none, because it is not told any more.
    assert_eq!(hour.add(&closed(1, &[("a", pending(2)), ("b", pending(3))])), []);
    assert_eq!(hour.add(&closed(2, &[("a", pending(2))])), [name("b")]);
    assert_eq!(hour.types[&name("b")].minutes.keys().copied().collect::<Vec<_>>(), [0, 2]);
    assert_eq!((hour.types[&name("b")].pending(), hour.mill.minutes.len()), (0, 3));
}

#[test]
fn the_busiest_get_the_rows() {
    let mut hour = Hour::default();
    let names: Vec<_> = (0..TYPES_MAX + 50).map(|n| format!("t{n:04}")).collect();
    let types: Vec<_> =
        names.iter().enumerate().map(|(n, of)| (of.as_str(), busy(1 + n as u64 % 7))).collect();
    assert_eq!(hour.add(&closed(0, &types)).len(), TYPES_MAX);
    assert!(hour.mill.is_full);
    let gone: Vec<_> = names.iter().filter(|of| !hour.types.contains_key(&name(of))).collect();
    assert_eq!(gone.len(), 50);
    assert!(gone.iter().all(|of| of[1..].parse::<usize>().unwrap() % 7 == 0), "{gone:?}");
    // Whoever has a row keeps it, and nobody comes in.
    hour.add(&closed(1, &[("z", busy(1_000))]));
    assert_eq!((hour.types.len(), hour.types.contains_key(&name("z"))), (TYPES_MAX, false));
}
