//! The lines that a token comes with.
#![allow(clippy::unwrap_used)]

use wasmill_process::Config;
use wasmill_process::config::{self, TokenConfig};

use super::*;

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
