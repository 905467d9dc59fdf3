//! Texts inside addresses and shell commands. Pure.

use std::fmt::Write as _;

/// The query of an address; parameters without a value are left out.
pub(crate) fn query(asked: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        // Writing to a text cannot fail.
        let _ = write!(text, "{name}={}", percent(value));
    }
    text
}

/// Percent-encoded, all but letters, digits and `-._~`.
pub(crate) fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// One word of a shell command. Nothing inside single quotes means anything, so each one is written outside of them.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
