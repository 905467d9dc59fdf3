//! Tests of the tables.

use super::*;

#[test]
fn columns_are_aligned_and_numbers_stand_to_the_right() {
    let mut table = Table::new(["TYPE", "PENDING"]);
    table.row(["mail".into(), "7".into()]);
    table.row(["chat.unfurl".into(), "1200".into()]);
    let plain = anstream::adapter::strip_str(&table.render()).to_string();
    assert_eq!(plain, "TYPE         PENDING\nmail               7\nchat.unfurl     1200\n");
}
