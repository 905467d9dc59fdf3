//! Payloads and outputs as text that does nothing: no markup, no direction marks, no control characters. Pure.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::number::size;

/// How bytes are shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What they are taken for.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    /// Whether there is more than is shown.
    pub(crate) is_cut: bool,
}

/// No more of them is shown, in bytes, and no larger JSON is laid out anew.
const SHOWN_MAX: usize = 64 << 10;
/// Bytes of a hexadecimal excerpt, and of one of its lines.
const HEX_MAX: usize = 512;
const HEX_LINE: usize = 16;

/// JSON laid out, text as it is, anything else in hexadecimal.
pub(crate) fn show(bytes: &[u8]) -> Shown {
    let is_cut = bytes.len() > SHOWN_MAX;
    if !is_cut && let Some(text) = laid_out(bytes) {
        return Shown { kind: "JSON", is_cut: text.len() > SHOWN_MAX, text: visible(cut(&text)) };
    }
    match text_of(&bytes[..bytes.len().min(SHOWN_MAX)]) {
        Some(text) => Shown { kind: "text", text: visible(text), is_cut },
        None => Shown { kind: "bytes", text: hex(bytes), is_cut: bytes.len() > HEX_MAX },
    }
}

/// The viewer: what there is, and the way to the whole.
pub(crate) fn viewer(title: &str, bytes: &[u8], download: &str) -> Markup {
    let Shown { kind, text, is_cut } = show(bytes);
    html! {
        section.bytes aria-label=(title) {
            h3 { (title) " " span.unit { (kind) ", " (size(bytes.len() as u64)) } }
            @if bytes.is_empty() {
                p.quiet { "Empty." }
            } @else {
                pre tabindex="0" aria-label=(title) { bdi dir="auto" { (text) } }
                p {
                    @if is_cut { "Only the beginning is shown. " }
                    a href=(download) download { "Download the whole" }
                }
            }
        }
    }
}

/// JSON with a member in a line. Numbers stay as they are written, however long.
fn laid_out(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<&serde_json::value::RawValue>(bytes).ok()?;
    let text = std::str::from_utf8(bytes).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
        if out.len() > SHOWN_MAX * 2 {
            break;
        }
    }
    Some(out)
}

fn line(out: &mut String, depth: usize) {
    /// Deeper than this, lines are not moved in any further.
    const DEPTH_MAX: usize = 40;
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(DEPTH_MAX)));
}

/// At most as much as is shown, and no half character.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_MAX)]
}

/// The bytes as text, if they are; a character that the cut goes through is left out.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && bytes.len() == SHOWN_MAX => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).count();
    // Mostly control characters: no text, though it could be read as one.
    (odd * 10 <= text.chars().count()).then_some(text)
}

/// The text with a visible sign for each character that would not be seen, or would move others.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            // The pictures of control characters stand in the same order as these.
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' => '\u{fffd}',
            '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

/// Offsets, bytes, and those of them that are letters.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in bytes[..bytes.len().min(HEX_MAX)].chunks(HEX_LINE).enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{:06x} ", number * HEX_LINE);
        for byte in line {
            let _ = write!(text, " {byte:02x}");
        }
        text.extend(std::iter::repeat_n("   ", HEX_LINE - line.len()));
        let letter =
            |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' };
        text.push_str("  ");
        text.extend(line.iter().map(letter));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
