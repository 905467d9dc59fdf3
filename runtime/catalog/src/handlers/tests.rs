//! Unit tests of `handlers`.

#![allow(clippy::unwrap_used)]
use wasmill_job::{Generation, IdSource, Partition, UnixMs};

use super::*;

fn handlers(weights: &[(&str, u64)]) -> Handlers {
    let spec = |(tag, weight): &(&str, u64)| HandlerSpec {
        module: tag.parse().unwrap(),
        digest: ModuleDigest::of(tag.as_bytes()),
        weight: Weight::new(*weight).unwrap(),
    };
    Handlers::new(weights.iter().map(spec).collect()).unwrap()
}

fn ids(count: usize) -> Vec<JobId> {
    let mut source = IdSource::default();
    (0..count).map(|_| source.next(UnixMs(1_767_225_600_000), 7, Generation(1), Partition(3))).collect()
}

fn tag_of(handlers: &Handlers, id: JobId) -> &str {
    handlers.iter().nth(handlers.place_of(id)).unwrap().module.as_str()
}

#[test]
fn each_handler_gets_its_share() {
    let handlers = handlers(&[("a@1", 70), ("a@2", 25), ("a@3", 5)]);
    let ids = ids(20_000);
    for handler in &handlers {
        let got = ids.iter().filter(|id| tag_of(&handlers, **id) == handler.module.as_str()).count();
        let expected = usize::from(handler.weight.get()) * 200;
        assert!(got.abs_diff(expected) < 300, "{} got {got} of 20,000", handler.module);
    }
}

#[test]
fn a_growing_share_takes_ids_and_gives_none_back() {
    let steps = [1, 5, 10, 50, 99].map(|weight| handlers(&[("a@1", 100 - weight), ("a@2", weight)]));
    for id in ids(3_000) {
        let moved: Vec<_> = steps.iter().map(|handlers| tag_of(handlers, id) == "a@2").collect();
        assert!(moved.is_sorted(), "{id} went back: {moved:?}");
    }
}

#[test]
fn an_id_goes_only_to_a_handler_that_grew_beside_its_own() {
    let before = handlers(&[("a@1", 50), ("a@2", 30), ("a@3", 20)]);
    let after = handlers(&[("a@3", 30), ("a@1", 40), ("a@2", 30)]);
    for id in ids(3_000) {
        let hands = (tag_of(&before, id), tag_of(&after, id));
        let fits = hands.0 == hands.1 || hands.1 == "a@3" || hands == ("a@1", "a@2");
        assert!(fits, "{id} went from {} to {}", hands.0, hands.1);
    }
}

#[test]
fn a_handler_of_weight_0_is_kept_and_gets_no_ids() {
    let handlers = handlers(&[("a@1", 0), ("a@2", 100)]);
    assert!(ids(3_000).into_iter().all(|id| tag_of(&handlers, id) == "a@2"));
    assert_eq!(Weight::new(101).unwrap_err().to_string(), "101 is no weight; it must lie between 0 and 100");
}

#[test]
fn other_lists_are_refused() {
    let spec = |tag: &str, weight| HandlerSpec {
        module: tag.parse().unwrap(),
        digest: ModuleDigest::of(b"x"),
        weight: Weight::new(weight).unwrap(),
    };
    assert_eq!(Handlers::new(Vec::new()), Err(InvalidHandlers::None));
    assert_eq!(Handlers::new(vec![spec("a@1", 95)]), Err(InvalidHandlers::Sum(95)));
    let twice = Handlers::new(vec![spec("a@1", 50), spec("a@1", 50)]);
    assert_eq!(twice.unwrap_err().to_string(), "a@1 comes twice; give it one weight");
}
