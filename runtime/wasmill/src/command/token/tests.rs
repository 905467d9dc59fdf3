//! What a token may be told to end by, and the lines it comes with.
#![allow(clippy::unwrap_used)]

use wasmill_process::Config;
use wasmill_process::config::{self, TokenConfig};

use super::*;

#[test]
fn a_token_ends_after_a_span_or_at_a_moment() {
    let at = |text: &str| text.parse::<Expiry>().map(|expiry| expiry.at(UnixMs(1_000)).0);
    assert_eq!(at("90d"), Ok(1_000 + 90 * 24 * 3_600_000));
    assert_eq!(at("2027-01-31T00:00:00Z"), Ok(1_801_353_600_000));
    for wrong in ["", "soon", "2027-01-31", "1969-01-01T00:00:00Z"] {
        assert!(at(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn its_lines_are_a_configuration_file() {
    let least = TokenConfig {
        name: "app".parse().unwrap(),
        roles: [config::Role::Enqueue].into(),
        types: Vec::new(),
        expires: None,
        sha256: config::TokenHash(wasmill_job::TokenHash::of("wm_x").0),
    };
    let most = TokenConfig {
        roles: config::Role::ALL.into(),
        types: vec!["billing.*".into()],
        expires: Some(config::Expiry { at_ms: 1_801_353_600_000 }),
        ..least.clone()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wasmill.toml");
    for token in [least, most] {
        let text = lines(token.clone()).unwrap();
        assert!(text.starts_with("[[auth.tokens]]\n"), "{text}");
        std::fs::write(&file, text).unwrap();
        let nothing = std::collections::BTreeMap::<String, String>::new();
        assert_eq!(Config::load(Some(&file), &nothing).unwrap().auth.tokens, [token]);
    }
}
