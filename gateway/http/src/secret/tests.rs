//! What a token looks like.

use super::*;

#[test]
fn a_token_is_its_prefix_and_192_bits_in_a_plain_alphabet() {
    assert_eq!(text(&[0; RANDOM_BYTES]), format!("wm_{}", "A".repeat(32)));
    assert_eq!(text(&[0xFF; RANDOM_BYTES]), format!("wm_{}", "_".repeat(32)));
    assert_eq!(text(&[0xFB; RANDOM_BYTES]), format!("wm_{}", "-_v7".repeat(8)));
    assert_ne!(new_token(), new_token());
}
