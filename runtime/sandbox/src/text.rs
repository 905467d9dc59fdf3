//! Text that comes from a guest: made harmless for terminals and logs, and no longer than it may be.

/// Appends `text` to `to` with control characters escaped as in Rust (`\n`, `\u{1b}`), and stops before the first
/// character that would make `to` longer than `bytes_max`. Gives back whether all of it had room.
///
/// Escaped are all control characters, the two Unicode line separators and the marks that turn the direction of
/// writing: those let a line pose as another one.
pub(crate) fn push_escaped(to: &mut String, text: &str, bytes_max: usize) -> bool {
    for c in text.chars() {
        let escaped = c.is_control() || is_deceptive(c);
        let bytes = if escaped { c.escape_default().len() } else { c.len_utf8() };
        if to.len() + bytes > bytes_max {
            return false;
        }
        if escaped {
            to.extend(c.escape_default());
        } else {
            to.push(c);
        }
    }
    true
}

/// The harmless form of `text`, at most `bytes_max` bytes and a closing mark if something is missing.
pub(crate) fn escaped(text: &str, bytes_max: usize) -> String {
    let mut harmless = String::with_capacity(text.len().min(bytes_max));
    if !push_escaped(&mut harmless, text, bytes_max) {
        harmless.push_str(" …");
    }
    harmless
}

fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
