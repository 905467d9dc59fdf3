//! Tests of what is told of letters.
#![allow(clippy::unwrap_used)]

use super::*;

fn outcome(json: &str) -> Outcome {
    serde_json::from_str(json).unwrap()
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn pages_add_up_and_read_as_one_answer() {
    let mut sum = outcome(
        r#"{"redriven": 3, "waiting": 1, "refused": 1, "refusals": [{"id": "a", "why": "off"}], "unknown": []}"#,
    );
    sum.add(outcome(r#"{"redriven": 2, "waiting": 0, "refused": 150, "refusals": [{"id": "b", "why": "off"}], "unknown": ["c"]}"#));
    assert_eq!((sum.done, sum.found()), (5, 157));
    assert_eq!(outcome(&sum.as_json(Act::Redrive)), sum);
    assert_eq!(
        plain(&sum.left_over()),
        "waiting 1 are not in the log yet; repeat in a moment\nrefused a: off\nrefused b: off\nrefused 149 more\n\
         unknown c: there is no such letter\n"
    );
}

#[test]
fn a_purge_says_nothing_of_refusals() {
    let purged = outcome(r#"{"purged": 2, "waiting": 0, "unknown": []}"#);
    assert_eq!(purged.as_json(Act::Purge), "{\"purged\":2,\"unknown\":[],\"waiting\":0}\n");
    assert_eq!(purged.left_over(), "");
}

#[test]
fn what_was_not_done_is_a_failure() {
    assert!(outcome(r#"{"purged": 2, "waiting": 0, "unknown": []}"#).conclude(Act::Purge, true).is_ok());
    for json in [
        r#"{"purged": 2, "waiting": 1, "unknown": []}"#,
        r#"{"redriven": 2, "waiting": 0, "refused": 1, "unknown": []}"#,
        r#"{"purged": 2, "waiting": 0, "unknown": ["x"]}"#,
    ] {
        assert!(outcome(json).conclude(Act::Redrive, true).is_err(), "{json}");
    }
}
