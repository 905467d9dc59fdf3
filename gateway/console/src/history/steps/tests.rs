//! Steps: equal, whole, never more than asked for, with gaps where nothing was recorded.

use wasmill_job::UnixMs;

use super::{MINUTES_MAX, Span, Step, Stored, join};
use crate::history::minute::{HourNumber, Minute, MinuteNumber};
use crate::history::row::Row;
use crate::history::row::tests::busy;

fn row(minutes: &[(u8, Minute)]) -> Row {
    Row { minutes: minutes.iter().copied().collect(), is_full: false }
}

fn pending(pending: u64) -> Minute {
    Minute { pending, ..Minute::default() }
}

/// Where steps begin, in minutes, how many minutes were recorded in them, how many jobs completed, and how many were pending.
fn told(steps: &[Step]) -> Vec<(u64, u32, u64, u64)> {
    let of = |step: &Step| (step.at.0 / 60_000, step.minutes, step.flow.completed, step.pending);
    steps.iter().map(of).collect()
}

#[test]
fn a_span_ends_now_and_has_no_more_steps_than_asked_for() {
    let now = UnixMs((1_000 * 60 + 37) * 60_000 + 5);
    for (minutes, points) in [(1, 1), (60, 300), (60, 7), (61, 31), (1_440, 240), (MINUTES_MAX, 300), (90, 0)]
    {
        let span = Span::until(now, minutes, points);
        assert_eq!(span.to, MinuteNumber(1_000 * 60 + 38), "{minutes} {points}");
        assert!(span.to.0 - span.from.0 <= minutes && span.from.0.is_multiple_of(span.step), "{span:?}");
        assert!((span.to.0 - span.from.0).div_ceil(span.step) <= points.max(1), "{span:?} {points}");
    }
    assert_eq!(Span::until(now, 60, 300).from.0, 1_000 * 60 - 22);
    assert_eq!(Span::until(UnixMs(0), 60, 300).hours(), (HourNumber(0), HourNumber(0)));
    Span::until(UnixMs(u64::MAX), u64::MAX, u64::MAX);
}

#[test]
fn a_step_sums_counts_and_takes_the_last_and_the_greatest() {
    let hour = Stored {
        hour: HourNumber(1),
        mill: row(&[(0, busy(10)), (1, Minute { pending: 1, ..busy(30) }), (2, busy(20))]),
        own: None,
    };
    let span = Span { from: MinuteNumber(60), to: MinuteNumber(120), step: 2 };
    let steps = join(span, &[hour], false);
    assert_eq!(told(&steps), [(60, 2, 40, 1), (62, 1, 20, 10)]);
    assert_eq!(steps[0].times, busy(30).times);
}

#[test]
fn what_was_not_recorded_is_a_gap() {
    let hour =
        |hour, minutes: &[(u8, Minute)]| Stored { hour: HourNumber(hour), mill: row(minutes), own: None };
    let hours = [hour(1, &[(58, busy(1)), (59, busy(1))]), hour(3, &[(5, busy(1))])];
    let span = Span { from: MinuteNumber(119), to: MinuteNumber(186), step: 1 };
    assert_eq!(told(&join(span, &hours, false)), [(119, 1, 1, 0), (185, 1, 1, 0)]);
    assert_eq!(join(Span { to: MinuteNumber(185), ..span }, &hours, false).len(), 1);
}

#[test]
fn a_type_is_told_in_every_minute_of_the_mill() {
    let mill = row(&[(1, busy(1)), (2, busy(1)), (3, busy(1)), (9, busy(1))]);
    let own = Some(row(&[(2, pending(7)), (9, pending(0))]));
    let span = Span { from: MinuteNumber(0), to: MinuteNumber(60), step: 1 };
    let hour = Stored { hour: HourNumber(0), mill, own };
    let all = [(1, 1, 0, 0), (2, 1, 0, 7), (3, 1, 0, 7), (9, 1, 0, 0)];
    assert_eq!(told(&join(span, std::slice::from_ref(&hour), true)), all);
    // Idle, and not known because others had its room.
    let idle = Stored { own: None, ..hour };
    assert_eq!(told(&join(span, std::slice::from_ref(&idle), true))[1], (2, 1, 0, 0));
    let unknown = Stored { mill: Row { is_full: true, ..idle.mill }, ..idle };
    assert!(join(span, &[unknown], true).is_empty());
}
