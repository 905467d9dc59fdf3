//! The lines, counted.

use wasmill_sdk::testing::Job;

use super::chatty;

#[test]
fn it_says_what_it_was_asked_to() {
    let run = Job::default().run(chatty, r#"{"lines": 3, "bytes": 2}"#);
    assert_eq!(run.result, Ok(br#"{"lines":3}"#.to_vec()));
    assert_eq!(run.log.iter().filter(|line| line.message == "xx").count(), 3);
}
