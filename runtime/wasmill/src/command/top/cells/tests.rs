//! Tests of what a line says.

use super::*;
use crate::command::top::board::tests::status;
use crate::command::top::flow::Flow;

#[test]
fn rates_have_a_digit_behind_the_point_while_they_are_small() {
    assert_eq!([0.0, -1.0, 0.04, 1.25, 9.96, 118.4].map(rate), ["0", "0", "0.0", "1.2", "10", "118"]);
}

#[test]
fn a_type_tells_its_mode_where_it_is_not_live_and_times_where_they_are_known() {
    let mut row = TypeRow { status: status("mail", [9, 4, 5, 1, 0]), flow: Flow::default() };
    assert_eq!(of_type(&row), ["mail", "4", "1", "2", "0", "0", "0", "1", "-", "-"]);
    row.status.mode = Some("live 5%".into());
    row.status.run_ms = Some(Percentiles { p99: 1.5 });
    assert_eq!((&of_type(&row)[0], &of_type(&row)[9]), (&"mail (live 5%)".into(), &"1.50 ms".into()));
    row.status.mode = None;
    assert_eq!(of_type(&row)[0], "mail (no route)");
}
