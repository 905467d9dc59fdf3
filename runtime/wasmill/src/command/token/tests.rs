//! What a token looks like, and the lines it comes with.
#![allow(clippy::unwrap_used)]

use wasmill_process::Config;

use super::*;

#[test]
fn a_token_is_its_prefix_and_192_bits_in_a_plain_alphabet() {
    assert_eq!(text(&[0; RANDOM_BYTES]), format!("wm_{}", "A".repeat(32)));
    assert_eq!(text(&[0xFF; RANDOM_BYTES]), format!("wm_{}", "_".repeat(32)));
    assert_eq!(text(&[0xFB; RANDOM_BYTES]), format!("wm_{}", "-_v7".repeat(8)));
}

#[test]
fn its_lines_are_a_configuration_file() {
    let sha256 = config::TokenHash(TokenHash::of("wm_x").0);
    let token = TokenConfig { name: "app".parse().unwrap(), right: config::Right::Enqueue, sha256 };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wasmill.toml");
    let text = lines(token.clone()).unwrap();
    assert!(text.starts_with("[[auth.tokens]]\n"), "{text}");
    std::fs::write(&file, text).unwrap();
    let nothing = std::collections::BTreeMap::<String, String>::new();
    assert_eq!(Config::load(Some(&file), &nothing).unwrap().auth.tokens, [token]);
}
