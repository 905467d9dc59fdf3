//! The session of a browser that has signed in: its token, in a cookie that opens pages and nothing else. Pure.

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderValue, Uri};

/// Where pages are: the one place where a token may come in a cookie. Browsers add cookies by themselves, so whatever changes
/// something there has to be a form that a foreign page cannot send. The API is elsewhere, and never looks at a cookie.
const PAGES: &str = "/console";
pub(crate) const SIGN_IN: &str = "/console/sign-in";
const SESSION: &str = "wm_session";

/// A longer way back is not taken along, in bytes.
const NEXT_BYTES_MAX: usize = 2 << 10;

/// Whether pages are there.
pub(crate) fn is_page(path: &str) -> bool {
    path.strip_prefix(PAGES).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The token that the browser has signed in with, if this is a request of one that has. A request with a header of its own stands
/// and falls by that.
pub fn session(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key(AUTHORIZATION) {
        return None;
    }
    let all = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == SESSION).map(|(_, value)| value);
    // Of two, one was put there by somebody else: a neighbour under the same domain.
    let (Some(token), None) = (found.next(), found.next()) else { return None };
    (!token.is_empty()).then_some(token)
}

/// The `Set-Cookie` by which a browser keeps the token until it is closed: for pages alone, not for scripts, not for requests
/// that another site begins, and over TLS only where the request came so. `None` when a cookie cannot hold the text; it can hold
/// every token that is made here.
pub fn open_session(token: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    // RFC 6265, section 4.1.1.
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
    if token.is_empty() || !token.bytes().all(fits) {
        return None;
    }
    let secure = if is_https(headers) { "; Secure" } else { "" };
    let cookie = format!("{SESSION}={token}; Path={PAGES}; HttpOnly; SameSite=Strict{secure}");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    // Kept out of what is shown of headers.
    cookie.set_sensitive(true);
    Some(cookie)
}

/// The `Set-Cookie` by which a browser forgets it.
pub fn close_session() -> HeaderValue {
    HeaderValue::from_static("wm_session=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict")
}

/// Whether the request came to the proxy in front by TLS, as that says. Whoever reaches the gateway can write it, and harms no one
/// but themselves.
pub fn is_https(headers: &HeaderMap) -> bool {
    let proto = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    // Of several proxies the first is the one that the caller speaks to.
    let first = proto.and_then(|all| all.split(',').next());
    first.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
}

/// Where somebody goes who has signed in: to the page that they wanted, if it is one of ours; else to the first.
pub fn page_after(next: &str) -> &str {
    let path = next.split_once('?').map_or(next, |(path, _)| path);
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
    // What a browser would take for a step up leads out of the pages.
    let is_step = |part: &str| matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    let is_ours = next.len() <= NEXT_BYTES_MAX
        && next.bytes().all(is_plain)
        && is_page(path)
        && !path.split('/').any(is_step)
        && path != SIGN_IN;
    if is_ours { next } else { PAGES }
}

/// The address of the page to sign in on, which leads back to `uri`.
pub(crate) fn sign_in_address(uri: &Uri) -> String {
    let next = page_after(uri.path_and_query().map_or(PAGES, |path| path.as_str()));
    if next == PAGES {
        return SIGN_IN.to_owned();
    }
    let mut address = format!("{SIGN_IN}?next=");
    for byte in next.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                address.push(byte.into());
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests;
