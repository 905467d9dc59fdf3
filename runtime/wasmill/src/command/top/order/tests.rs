//! Tests of the order of job types.

use super::*;
use crate::command::top::board::tests::status;
use crate::command::top::flow::Flow;

fn types() -> Vec<TypeRow> {
    let row = |name: &str, pending, dead, wait: Option<f64>| {
        let mut status = status(name, [0, pending, 0, dead, 0]);
        status.wait_ms = wait.map(|p99| Percentiles { p99 });
        TypeRow { status, flow: Flow { completed: pending as f64, ..Flow::default() } }
    };
    vec![
        row("mail.in", 3, 0, None),
        row("bill", 7, 1, Some(0.5)),
        row("mail.out", 7, 9, Some(20.0)),
        row("audit", 0, 0, None),
    ]
}

fn names(order: Order, filter: &str) -> Vec<String> {
    order.of(&types(), filter).into_iter().map(|row| row.status.job_type.clone()).collect()
}

#[test]
fn the_greatest_stand_first_and_equals_by_name() {
    let order = Order::default();
    assert_eq!(names(order, ""), ["bill", "mail.out", "mail.in", "audit"]);
    assert_eq!(names(Order { is_reversed: true, ..order }, ""), ["audit", "mail.in", "bill", "mail.out"]);
    assert_eq!(names(Order { by: Column::Type, ..order }, ""), ["audit", "bill", "mail.in", "mail.out"]);
    assert_eq!(names(Order { by: Column::Dead, ..order }, "")[..2], ["mail.out", "bill"]);
    assert_eq!(names(Order { by: Column::Completed, ..order }, "")[0], "bill");
    // What is not known stands behind all that is.
    assert_eq!(names(Order { by: Column::Wait, ..order }, ""), ["mail.out", "bill", "audit", "mail.in"]);
}

#[test]
fn a_filter_leaves_what_has_it_in_its_name() {
    assert_eq!(names(Order::default(), "mail"), ["mail.out", "mail.in"]);
    assert!(names(Order::default(), "x").is_empty());
}

#[test]
fn columns_go_round_both_ways() {
    let mut column = Column::Type;
    for _ in Column::ALL {
        assert_eq!(column.next().previous(), column);
        column = column.next();
    }
    assert_eq!(column, Column::Type);
}
