//! Unit tests of `trouble`.

use super::*;

fn away(reason: &str) -> Result<(), QueueError> {
    Err(QueueError::Unavailable { reason: reason.into() })
}

#[test]
fn trouble_is_told_when_it_begins_and_when_it_changes() {
    let trouble = Trouble::default();
    let told = || trouble.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(trouble.note(Ok(7)), Ok(7));
    assert_eq!(told(), None);
    assert_eq!(trouble.note(away("refused")), away("refused"));
    assert_eq!(told(), away("refused").err());
    let _ = trouble.note(away("loading"));
    assert_eq!(told(), away("loading").err());
    assert_eq!(trouble.note(Ok(7)), Ok(7));
    assert_eq!((told(), trouble.is_on.load(Ordering::Relaxed)), (None, false));
}
