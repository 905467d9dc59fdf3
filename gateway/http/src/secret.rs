//! Making tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What every token begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "wm_";

/// Of a token, in bytes. 160 bits are out of reach for guessing; these are 192, which base64 needs no filling for.
const RANDOM_BYTES: usize = 24;

/// A new token, from a generator made for secrets: ChaCha, seeded by the operating system.
pub fn new_token() -> String {
    text(&rand::random())
}

/// In the URL-safe alphabet of base64: nothing to escape in headers, shells and files.
fn text(random: &[u8; RANDOM_BYTES]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests;
