//! What a budget gives, refuses and takes back.

use crate::{Budget, Busy};

#[test]
fn what_is_not_free_is_refused_and_what_is_dropped_comes_back() {
    let budget = Budget::new(10);
    let mut first = budget.hold();
    assert_eq!(first.grow(6), Ok(()));
    let mut second = budget.hold();
    assert_eq!(second.grow(5), Err(Busy { capacity: 10 }));
    assert_eq!(second.grow(4), Ok(()));
    drop(first);
    assert_eq!(second.grow(6), Ok(()));
}

#[test]
fn more_than_all_is_all() {
    let budget = Budget::new(10);
    assert_eq!(budget.hold().grow(1_000), Ok(()));
    let mut hold = budget.hold();
    assert_eq!(hold.grow(8), Ok(()));
    assert_eq!(hold.grow(8), Ok(()));
    assert_eq!(budget.hold().grow(1), Err(Busy { capacity: 10 }));
}

#[tokio::test]
async fn a_split_hold_is_given_back_on_its_own() {
    let budget = Budget::new(10);
    let mut hold = budget.hold();
    hold.grow_when_free(10).await;
    let part = hold.split();
    assert_eq!(hold.grow(1), Err(Busy { capacity: 10 }));
    drop(part);
    assert_eq!(hold.grow(10), Ok(()));
}
