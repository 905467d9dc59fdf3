//! Children as they are taken along, and what becomes of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Error;
use crate::testing::Job;
use crate::{Failure, emit};

#[test]
fn a_child_is_taken_along_as_it_was_built() {
    fn parent(_: ()) -> Result<(String, String), Failure> {
        let receipt =
            emit::child("email.receipt", &[1, 2])?.key("a").delay(Duration::from_secs(2)).submit()?;
        Ok((receipt, emit::child_of_bytes("picture", [0xff]).submit()?))
    }
    let run = Job::default().run(parent, "");
    let [receipt, picture] = &run.children[..] else { panic!("{:?}", run.children) };
    assert_eq!((receipt.job_type.as_str(), &receipt.payload[..]), ("email.receipt", &b"[1,2]"[..]));
    assert_eq!((receipt.key.as_deref(), receipt.delay), (Some("a"), Duration::from_secs(2)));
    assert_eq!((picture.job_type.as_str(), &picture.payload[..]), ("picture", &[0xff][..]));
    assert_eq!((picture.key.as_deref(), picture.delay), (None, Duration::ZERO));
    let ids = format!(r#"["{}","{}"]"#, receipt.id, picture.id);
    assert_eq!(run.result, Ok(ids.into_bytes()));
}

#[test]
fn ids_are_those_of_the_attempt_before() {
    fn parent(keys: Vec<Option<String>>) -> Result<Vec<String>, Failure> {
        let submit = |key: Option<String>| {
            let child = emit::child("t", &())?;
            Ok(key.into_iter().fold(child, |child, key| child.key(&key)).submit()?)
        };
        keys.into_iter().map(submit).collect()
    }
    let ids = |payload: &str| -> Vec<String> {
        serde_json::from_slice(&Job::default().run(parent, payload).result.unwrap()).unwrap()
    };
    assert_eq!(ids("[null, null]"), ids("[null, null]"));
    let all = ids(r#"[null, null, "a", "b"]"#);
    let backwards: Vec<_> = ids(r#"["b", "a", null, null]"#);
    assert_eq!(
        [&all[0], &all[1], &all[2], &all[3]],
        [&backwards[2], &backwards[3], &backwards[1], &backwards[0]]
    );
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), 4);
    assert_eq!(all[0].len(), 36);
    let twice = Job::default().run(parent, r#"["a", "a"]"#).result;
    assert!(matches!(twice, Err(Failure::Reject { .. })), "{twice:?}");
}

#[test]
fn an_attempt_that_fails_has_no_children() {
    fn parent(_: ()) -> Result<(), Failure> {
        emit::child("t", &1)?.submit()?;
        Err(Failure::retry("no"))
    }
    assert_eq!(Job::default().run(parent, "").children, []);
}

#[test]
fn errors_become_the_failures_that_fit() {
    fn parent(_: ()) -> Result<String, Failure> {
        Ok(emit::child("t", &1)?.submit()?)
    }
    let failed = |error: &Error| {
        let job = Job { emit_error: Some(error.clone()), ..Job::default() };
        job.run(parent, "").result
    };
    let why = || "w".to_owned();
    for error in [Error::Denied(why()), Error::Invalid(why()), Error::TooMany(why())] {
        assert_eq!(failed(&error), Err(Failure::reject(&error)));
    }
    let other = Error::Other(why());
    assert_eq!(failed(&other), Err(Failure::retry(&other)));
}

#[test]
fn a_payload_that_does_not_encode_is_a_reject() {
    fn parent(_: ()) -> Result<(), Failure> {
        emit::child("t", &BTreeMap::from([((1, 2), 3)]))?.submit()?;
        Ok(())
    }
    let failure = Job::default().run(parent, "").result.unwrap_err();
    assert!(
        failure.to_string().starts_with("reject: the child is not valid: the payload does not encode"),
        "{failure}"
    );
}
