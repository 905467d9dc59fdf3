//! What a debt asks the log for.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::reading::tests::job;

fn due(bytes: usize) -> Due {
    let child = Child {
        job: job("known", 1),
        queue: "mail".parse().unwrap(),
        dedup_window: LOOK_AGAIN,
        delay: Duration::ZERO,
    };
    let record = Append { value: Some(vec![b'x'; bytes].into()), ..record_of(&child).unwrap() };
    Due { debt: DebtId(1), child: Some(child.job.id), record }
}

#[test]
fn a_child_is_stored_as_well_as_anything_can_be() {
    assert_eq!(due(1).record.durability, Durability::Quorum, "its parent settles by it");
}

#[test]
fn a_piece_is_no_larger_than_a_buffer_takes_and_never_nothing() {
    assert_eq!(piece_of(&[due(APPEND_BYTES_MAX + 1), due(1)]), 1);
    assert_eq!(piece_of(&[due(APPEND_BYTES_MAX / 2), due(APPEND_BYTES_MAX / 2), due(1)]), 2);
    assert_eq!(piece_of(&[due(1), due(1)]), 2);
}
