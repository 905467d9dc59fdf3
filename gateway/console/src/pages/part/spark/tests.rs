//! Lines stay inside their drawing.

use super::{points, spark};

#[test]
fn the_newest_is_at_the_right_and_the_greatest_at_the_top() {
    assert_eq!(points(&[]), "");
    assert_eq!(points(&[0.0]), "120.0,27.0");
    assert_eq!(points(&[0.0, 4.0, 2.0]), "115.9,27.0 118.0,1.0 120.0,14.0");
    let full = points(&[1.0; 60]);
    assert!(full.starts_with("0.0,1.0 ") && full.ends_with(" 120.0,1.0"), "{full}");
}

#[test]
fn it_is_told_in_words() {
    let drawn = spark(None, "completed", &[1.0, 3.0, 2.0], "good").into_string();
    assert!(
        drawn.contains("completed in a second over the last five minutes: now 2.0, at most 3.0"),
        "{drawn}"
    );
}
