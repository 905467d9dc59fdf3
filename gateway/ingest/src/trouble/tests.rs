//! Unit tests of `trouble`.

use super::*;

fn away(reason: &str) -> QueueError {
    QueueError::Unavailable { reason: reason.into() }
}

#[test]
fn what_alternates_is_told_every_few_seconds_and_once_when_it_is_over() {
    let (mut met, begins) = (Met::default(), Instant::now());
    let at = |ms| begins + Duration::from_millis(ms);
    let mut told = Vec::new();
    for ms in 0..12_000 {
        let error = if ms % 2 == 0 { away("refused") } else { away("loading") };
        told.extend(met.meet(&error, at(ms)).map(|requests| (ms, requests)));
        // The other part of the queue answers meanwhile.
        assert_eq!(met.end(at(ms)), None);
    }
    assert_eq!(told, [(0, 1), (5_000, 5_001), (10_000, 10_001)]);
    assert_eq!(met.meet(&QueueError::Closed, at(12_000)), Some(12_001), "another kind is told at once");
    assert_eq!(met.end(at(16_999)), None);
    assert_eq!(met.end(at(17_000)), Some(12_001));
    assert_eq!(met.end(at(17_001)), None);
    assert_eq!(met.meet(&away("refused"), at(17_002)), Some(1), "it begins anew");
}

#[test]
fn answers_are_passed_on() {
    let trouble = Trouble::default();
    assert_eq!(trouble.note(Ok(7)), Ok(7));
    assert!(!trouble.is_on.load(Ordering::Relaxed));
    assert_eq!(trouble.note::<()>(Err(away("refused"))), Err(away("refused")));
    assert!(trouble.is_on.load(Ordering::Relaxed));
    assert_eq!(trouble.note(Ok(7)), Ok(7));
}
