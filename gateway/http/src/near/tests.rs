//! What counts as near.

use crate::{did_you_mean, near};

#[test]
fn the_nearest_come_first_and_strangers_do_not_come() {
    let known = ["email.welcome", "email.goodbye", "thumbnail", "unfurl"];
    assert_eq!(near("email.welcom", known), ["email.welcome"]);
    assert_eq!(near("unfrul", known), ["unfurl"]);
    assert!(near("invoice", known).is_empty());
}

#[test]
fn a_hint_is_a_sentence_or_nothing() {
    assert_eq!(did_you_mean(&[]), "");
    assert_eq!(did_you_mean(&["a"]), " Did you mean `a`?");
    assert_eq!(did_you_mean(&["a", "b", "c"]), " Did you mean `a` or `b` or `c`?");
}
