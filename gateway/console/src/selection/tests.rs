//! Which letters are meant.
#![allow(clippy::unwrap_used)]

use wasmill_http::Caller;

use super::{WantedLetters, just_before};

fn wanted(text: &str) -> WantedLetters {
    serde_json::from_str(text).unwrap()
}

#[test]
fn exactly_one_of_ids_and_all_says_which() {
    for good in [
        "{\"all\":true}",
        "{\"type\":\"a\",\"all\":true}",
        "{\"ids\":[\"x\"]}",
        "{\"type\":\"a\",\"ids\":[\"x\"]}",
    ] {
        assert!(wanted(good).select(&Caller::anybody()).is_ok(), "{good}");
    }
    for bad in [
        "{}",
        "{\"type\":\"a\"}",
        "{\"ids\":[]}",
        "{\"ids\":[\"x\"],\"all\":true}",
        "{\"type\":\"a b\",\"all\":true}",
    ] {
        assert!(wanted(bad).select(&Caller::anybody()).is_err(), "{bad}");
    }
}

#[test]
fn what_sorts_just_before_a_key_leaves_no_room() {
    for key in ["0190163d-8694-8001-8000-64c2f1a0b3d0", "wasmill.q.a.1/0/9", "a"] {
        let before = just_before(key).unwrap();
        assert!(before.as_str() < key, "{key}");
        let neighbour = format!("{}{}", &key[..key.len() - 1], (key.as_bytes()[key.len() - 1] - 1) as char);
        assert!(neighbour < before, "{key}");
    }
    assert_eq!(just_before(""), None);
}
