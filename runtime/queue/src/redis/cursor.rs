//! Where a page of a list of jobs goes on, as text that comes back from outside.

use super::shard::Cursor;
use crate::State;

/// `shard.list.place`, where the last two are the script's own: of pending jobs two numbers, else a score and a key in hex.
pub(super) fn read_cursor(text: &str, state: State) -> Option<(usize, Cursor)> {
    let mut parts = text.splitn(3, '.');
    let shard = parts.next()?.parse().ok()?;
    let (list, place) = (parts.next()?, parts.next()?);
    let is_number =
        |text: &str| (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_key = |text: &str| text.len() == 28 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = match state {
        // The next shard, from its beginning.
        _ if list.is_empty() => place.is_empty(),
        State::Pending => is_number(list) && is_number(place),
        _ => is_number(list) && is_key(place),
    };
    fits.then(|| (shard, (list.to_owned(), place.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_another_list_is_none() {
        let key = "01a3185c4c18800180000000000f".to_owned();
        let cursor = |list: &str, place: &str| Some((1, (list.to_owned(), place.to_owned())));
        let (pending, due) = ("1.7.30", format!("1.1800000000000.{key}"));
        assert_eq!(read_cursor(pending, State::Pending), cursor("7", "30"));
        assert_eq!(read_cursor(pending, State::Scheduled), None);
        for state in [State::Scheduled, State::InFlight, State::Completed, State::Cancelled] {
            assert_eq!(read_cursor(&due, state), cursor("1800000000000", &key));
            assert_eq!(read_cursor("1..", state), cursor("", ""), "the next shard");
        }
        assert_eq!(read_cursor(&due, State::Pending), None);
        for wrong in ["", "1", "1.2", "x.1.2", "1.1.2.3", "1.-inf.2", "1.1e400.2", "1..2", "1.2."] {
            assert_eq!(read_cursor(wrong, State::Pending), None, "{wrong}");
            assert_eq!(read_cursor(wrong, State::InFlight), None, "{wrong}");
        }
    }
}
