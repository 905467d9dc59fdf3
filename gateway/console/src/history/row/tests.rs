//! Bytes of rows: golden, whole, and bounded.
#![allow(clippy::unwrap_used)]

use wasmill_queue::Histogram;

use super::{Row, long, short};
use crate::history::minute::Minute;
use crate::live::{Flow, Percentiles, WaitAndRun};

/// A row has no more bytes than this: version, `is_full`, length, and sixty minutes with the greatest numbers, of a byte for the
/// place, five for each of five counts, and seven for each of two times.
pub(in crate::history) const ROW_BYTES_MAX: usize = 3 + 60 * (1 + 5 * 5 + 2 * 7);

/// A minute in which so much happened, with times as they come out of histograms.
pub(in crate::history) fn busy(count: u64) -> Minute {
    let mut times = Histogram::default();
    (1..=count).for_each(|number| times.record(number * 100));
    let of = Percentiles::of(&times);
    let flow = Flow { accepted: count, completed: count, failed: count / 10, died: count / 100 };
    Minute { flow, pending: count / 2, times: WaitAndRun { wait: of, run: of } }
}

/// A minute with as many bytes as one can have.
pub(in crate::history) fn greatest() -> Minute {
    let all = u64::MAX;
    let of = Some(Percentiles { p50: all, p95: all, p99: all });
    let flow = Flow { accepted: all, completed: all, failed: all, died: all };
    Minute { flow, pending: all, times: WaitAndRun { wait: of, run: of } }
}

/// What other versions of the program read: a change of these bytes needs another version.
#[test]
fn lies_on_the_disk_as_it_always_did() {
    let mut row = Row { is_full: true, ..Row::default() };
    row.put(7, Minute { pending: 300, ..Minute::default() });
    row.put(59, busy(1_000));
    let bytes = row.to_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("golden.txt").trim());
    assert_eq!(Row::read(&bytes), Some(row));
}

#[test]
fn what_is_not_of_this_version_is_passed_over() {
    let mut bytes = Row::default().to_bytes();
    assert_eq!(Row::read(&bytes), Some(Row::default()));
    bytes[0] += 1;
    for bytes in [bytes.as_slice(), &[], &[1, 0, 9, 9], &[255; 40]] {
        assert_eq!(Row::read(bytes), None, "{bytes:?}");
    }
}

#[test]
fn the_greatest_row_has_no_more_bytes_than_is_said() {
    let row = Row { minutes: (0..60).map(|place| (place, greatest())).collect(), is_full: true };
    assert_eq!(row.to_bytes().len(), ROW_BYTES_MAX);
    let pending: Vec<_> =
        Row::read(&row.to_bytes()).unwrap().minutes.into_values().map(|of| of.pending).collect();
    assert_eq!(pending, [u64::from(u32::MAX); 60], "counts end there");
}

#[test]
fn a_minute_that_comes_twice_is_one() {
    let mut row = Row::default();
    row.put(3, Minute { pending: 9, ..busy(10) });
    row.put(3, Minute { pending: 4, ..busy(20) });
    let minute = row.minutes[&3];
    assert_eq!((row.minutes.len(), minute.flow.accepted, minute.pending), (1, 30, 4));
    assert_eq!(minute.times, busy(20).times);
    assert_eq!(row.pending(), 4);
}

#[test]
fn times_come_back_as_histograms_tell_them() {
    for us in (0..5_000).chain([1 << 20, (1 << 40) + 12_345, u64::MAX]) {
        let mut times = Histogram::default();
        times.record(us);
        let told = times.quantile(1.0).unwrap();
        assert_eq!(long(short(told)), told, "{us}");
    }
    assert_eq!(long(u16::MAX), u64::MAX);
}
