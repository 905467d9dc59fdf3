//! How much is eaten where there is enough.
#![allow(clippy::unwrap_used)]

use wasmill_sdk::testing::Job;

use super::hungry;

#[test]
fn it_stops_at_what_was_asked_for() {
    for payload in [r#"{"at_most": 10000000}"#, r#"{"at_most": 10000000, "touch": true, "trap": true}"#] {
        let output = Job::default().run(hungry, payload).result.unwrap();
        // The most whole pages below ten million bytes.
        assert_eq!(output, br#"{"bytes":9961472}"#);
    }
}
