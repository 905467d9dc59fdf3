//! Nothing gets out of its quotes.

use super::{query, word};

#[test]
fn a_query_is_one_whatever_stands_in_it() {
    assert_eq!(query(&[]), "");
    assert_eq!(query(&[("a", ""), ("b", "x y&c=ü#")]), "?b=x%20y%26c%3D%C3%BC%23");
}

#[test]
fn a_word_is_one_whatever_stands_in_it() {
    for (text, wanted) in [
        ("hello-1.wasm", "hello-1.wasm"),
        ("", "''"),
        ("a b", "'a b'"),
        ("$(rm -rf ~)", "'$(rm -rf ~)'"),
        ("it's", r"'it'\''s'"),
    ] {
        assert_eq!(word(text), wanted);
    }
}
