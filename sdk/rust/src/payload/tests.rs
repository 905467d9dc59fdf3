//! What payloads become, and what is said about those that become nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FromPayload, IntoOutput, Raw};
use crate::Failure;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Greeting {
    name: String,
}

fn read<T: FromPayload>(payload: &str) -> Result<T, Failure> {
    T::from_payload(payload.into())
}

#[test]
fn serde_types_are_json_both_ways() {
    let greeting: Greeting = read(r#" {"name": "Ada", "more": 1} "#).unwrap();
    assert_eq!(greeting, Greeting { name: "Ada".into() });
    assert_eq!(greeting.into_output().unwrap(), br#"{"name":"Ada"}"#);
    assert_eq!(().into_output().unwrap(), b"null");
}

#[test]
fn a_payload_that_does_not_decode_is_rejected_with_its_position() {
    let missing = read::<Greeting>("{\n  }").unwrap_err();
    assert_eq!(
        missing,
        Failure::reject("the payload does not decode: missing field `name` at line 2 column 3")
    );
    let more = read::<Greeting>(r#"{"name":"Ada"} x"#).unwrap_err();
    assert!(more.to_string().contains("trailing characters at line 1 column 16"), "{more}");
}

#[test]
fn an_empty_payload_is_null() {
    assert_eq!(read::<()>(""), Ok(()));
    assert_eq!(read::<Option<Greeting>>(""), Ok(None));
    let refused = read::<Greeting>("").unwrap_err();
    assert!(refused.to_string().starts_with("reject: the payload is empty: "), "{refused}");
}

#[test]
fn raw_bytes_pass_as_they_are() {
    let bytes = vec![0xff, 0, b'{'];
    let raw = Raw::from_payload(bytes.clone()).unwrap();
    assert_eq!(&*raw, &bytes[..]);
    assert_eq!(raw.into_output().unwrap(), bytes);
}

#[test]
fn an_output_that_is_no_json_is_rejected() {
    let odd = BTreeMap::from([((1, 2), 3)]);
    let refused = odd.into_output().unwrap_err();
    assert_eq!(refused, Failure::reject("the output does not encode: key must be a string"));
}
