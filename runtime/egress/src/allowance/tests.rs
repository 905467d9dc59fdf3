//! The sums.

use super::*;

#[test]
fn a_call_takes_one_call_and_its_bytes_or_nothing() {
    let mut allowance = Allowance::new(2, 100);
    allowance.begin_call(60).unwrap();
    assert_eq!(allowance, Allowance::new(1, 40));
    assert_eq!(allowance.begin_call(41), Err(Spent::Bytes));
    assert_eq!(allowance, Allowance::new(1, 40));
    allowance.begin_call(40).unwrap();
    assert_eq!(allowance.begin_call(0), Err(Spent::Calls));
}

#[test]
fn what_arrives_beyond_the_rest_takes_the_rest() {
    let mut allowance = Allowance::new(1, 100);
    allowance.receive(99).unwrap();
    assert_eq!(allowance.receive(u64::MAX), Err(Spent::Bytes));
    assert_eq!(allowance.bytes_left(), 0);
}

#[test]
fn parts_that_are_lent_never_sum_to_more_than_there_is() {
    let mut whole = Allowance::new(3, 100);
    let mut first = whole.lend(2, 80);
    let second = whole.lend(2, 80);
    assert_eq!((first, second, whole), (Allowance::new(2, 80), Allowance::new(1, 20), Allowance::new(0, 0)));
    first.begin_call(30).unwrap();
    whole.give_back(first);
    whole.give_back(second);
    assert_eq!(whole, Allowance::new(2, 70));
}
