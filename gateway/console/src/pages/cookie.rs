//! The two cookies of the console: the token that its forms repeat, and what an action says on the page that follows it. Pure.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// The token that every form repeats: a foreign page can neither read nor set it.
pub(super) const TOKEN: &str = "wasmill_form";
/// What the last action has to say.
const FLASH: &str = "wasmill_flash";

/// A message is cut to so many characters: cookies are small.
const FLASH_CHARS: usize = 700;

/// What an action has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    pub(super) is_good: bool,
    pub(super) text: String,
}

/// The value of a cookie of the request.
pub(super) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The form token of the request, if it is one of ours.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    value(headers, TOKEN).filter(|text| is_token(text)).map(str::to_owned)
}

/// 128 random bits in hexadecimal.
pub(super) fn new_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Whether both are the same token. Takes as long for any two tokens.
pub(super) fn same_token(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    is_token(one) && is_token(other) && std::hint::black_box(differing) == 0
}

fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Sets the form token. Not for scripts; not for requests that another site begins.
pub(super) fn set_token(token: &str) -> String {
    format!("{TOKEN}={token}; Path=/console; HttpOnly; SameSite=Strict")
}

/// Sets what the next page says.
pub(super) fn set_flash(flash: &Flash) -> String {
    let sign = if flash.is_good { 'g' } else { 'b' };
    let text: String = flash.text.chars().take(FLASH_CHARS).collect();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{FLASH}={sign}{hex}; Path=/console; Max-Age=30; HttpOnly; SameSite=Strict")
}

/// Takes it away, once it was said.
pub(super) fn clear_flash() -> String {
    format!("{FLASH}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict")
}

/// What this page has to say.
pub(super) fn flash(headers: &HeaderMap) -> Option<Flash> {
    let text = value(headers, FLASH)?;
    let (is_good, hex) = match text.split_at_checked(1)? {
        ("g", hex) => (true, hex),
        ("b", hex) => (false, hex),
        _ => return None,
    };
    let pairs = hex.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    Some(Flash { is_good, text: String::from_utf8(bytes?).ok()? })
}

#[cfg(test)]
mod tests;
