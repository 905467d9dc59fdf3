//! Secret fields, and what `connection` names.

use super::*;

#[test]
fn a_secret_field_is_marked_for_the_wire() {
    let fields = [
        ("Authorization".to_owned(), HeaderText::secret("Bearer x")),
        ("accept".to_owned(), HeaderText::plain("a")),
    ];
    let (headers, bytes) = outgoing(&fields, 0, &Limits::default()).unwrap();
    assert!(headers["authorization"].is_sensitive());
    assert!(!headers["accept"].is_sensitive());
    assert_eq!(bytes, 13 + 8 + 4 + 6 + 1 + 4);
    assert!(!format!("{headers:?} {fields:?}").contains("Bearer"));
}

#[test]
fn fields_that_connection_names_are_hidden() {
    let mut headers = HeaderMap::new();
    for (name, text) in
        [("connection", "X-Hop , close"), ("x-hop", "1"), ("close", "2"), ("x-kept", "3"), ("te", "4")]
    {
        headers.append(name, HeaderValue::from_static(text));
    }
    assert_eq!(incoming(&headers), [("x-kept".to_owned(), b"3".to_vec())]);
}
