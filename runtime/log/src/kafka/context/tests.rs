//! What is kept of the library's words.

use super::*;

#[test]
fn the_same_trouble_has_the_same_words() {
    let listening = Context::new("a test");
    let refused = |reason: &str| {
        let error = KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure);
        listening.note_error(&error, reason);
        listening.trouble()
    };
    let first = refused("127.0.0.1:1/bootstrap: Connection refused (after 0ms in state CONNECT)");
    let again = refused(
        "127.0.0.1:1/bootstrap: Connection refused (after 1ms in state CONNECT, 2 identical error(s) suppressed)",
    );
    assert_eq!(first, again);
    assert_eq!(first.map(|(_, reason)| reason).as_deref(), Some("127.0.0.1:1/bootstrap: Connection refused"));
}
