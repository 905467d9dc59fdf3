//! Messages that differ by numbers and ids have one shape.

use super::shape;

#[test]
fn numbers_and_ids_are_all_the_same() {
    for (message, wanted) in [
        ("no user 17", "no user #"),
        ("no user 18,000", "no user #,#"),
        ("job 0190163d-8694-8001-8000-64c2f1a0b3d5 failed", "job # failed"),
        ("disk sda1 is full (99%)", "disk sda# is full (#%)"),
        ("dead beef", "dead beef"),
        ("größer als 3 €", "größer als # €"),
        ("", ""),
    ] {
        assert_eq!(shape(message), wanted);
        assert_eq!(shape(wanted), wanted, "the shape of a shape is itself");
    }
}

#[test]
fn a_shape_is_short() {
    assert_eq!(shape(&"é".repeat(1_000)).chars().count(), 160);
}
