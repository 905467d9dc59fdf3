//! Outputs that are JSON, that are not, and that are nothing.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;

use super::show_output;

#[test]
fn json_is_shown_as_it_is_and_the_rest_as_base64() {
    for json in ["null", "{\"a\":1,\"a\":2}", "1e400", "\"\\ud800\"", "12345678901234567890"] {
        let (output, base64) = show_output(Some(Bytes::from(json)));
        assert_eq!((output.unwrap().get(), base64), (json, None));
    }
    for (bytes, text) in
        [(&b"\xff\x00"[..], "/wA="), (b"", ""), (b"hello", "aGVsbG8="), (b"{} {}", "e30ge30=")]
    {
        let (output, base64) = show_output(Some(Bytes::from_static(bytes)));
        assert!(output.is_none());
        assert_eq!(base64.unwrap(), text);
    }
    assert!(matches!(show_output(None), (None, None)));
}
