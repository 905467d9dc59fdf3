//! Which tokens are known, until when, and when they were used last.
#![allow(clippy::unwrap_used)]

use axum::http::HeaderValue;
use wasmill_job::Role;

use super::*;

/// A clock that tests turn by hand.
#[derive(Default)]
struct Turned(AtomicU64);

impl Clock for Turned {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::Relaxed))
    }
}

const ENQUEUE: Need = Need { one_of: Roles::of(&[Role::Enqueue]), is_whole: false };

fn token(name: &str, text: &str) -> Token {
    let (name, hash) = (name.parse().unwrap(), TokenHash::of(text));
    Token { name, roles: Roles::ALL, scope: Scope::WHOLE, hash, expires_at: None }
}

fn access(at: u64) -> (Access, Arc<Turned>) {
    let clock = Arc::new(Turned(AtomicU64::new(at)));
    (Access::new(vec![token("app", "wm_app")], clock.clone()), clock)
}

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
}

/// Whose token this is, or why it is nobody's.
fn who(access: &Access, values: &[&str]) -> String {
    match access.check(ENQUEUE, &headers(values), false) {
        Ok(caller) => caller.name().unwrap().to_string(),
        Err(Refused::Missing { .. }) => "missing".into(),
        Err(Refused::Unknown) => "unknown".into(),
        Err(Refused::Expired { .. }) => "expired".into(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_token_stands_in_one_bearer_header() {
    let (access, _) = access(1);
    for good in ["Bearer wm_app", "bearer wm_app", "BEARER   wm_app "] {
        assert_eq!(who(&access, &[good]), "app", "{good}");
    }
    for none in ["", "Bearer", "Bearer ", "wm_app", "Basic wm_app", "Bearerwm_app", "Bearer\twm_app"] {
        assert_eq!(who(&access, &[none]), "missing", "{none:?}");
    }
    assert_eq!(who(&access, &[]), "missing");
    assert_eq!(who(&access, &["Bearer wm_app", "Bearer wm_app"]), "missing");
    let long = format!("Bearer {}", "x".repeat(30_000));
    for unknown in ["Bearer wm_ap", "Bearer WM_APP", "Bearer wm_app wm_ops", "Bearer app", &long] {
        assert_eq!(who(&access, &[unknown]), "unknown", "{unknown:.20}");
    }
}

#[test]
fn tokens_come_and_go_but_for_the_fixed_ones() {
    let (access, _) = access(1);
    assert_eq!(who(&access, &["Bearer wm_new"]), "unknown");
    access.replace(&[token("new", "wm_new"), token("app", "wm_other"), token("thief", "wm_app")]);
    assert_eq!(who(&access, &["Bearer wm_new"]), "new");
    // The fixed one keeps its name and its hash.
    assert_eq!(
        (who(&access, &["Bearer wm_app"]), who(&access, &["Bearer wm_other"])),
        ("app".into(), "unknown".into())
    );
    access.replace(&[]);
    assert_eq!(
        (who(&access, &["Bearer wm_new"]), who(&access, &["Bearer wm_app"])),
        ("unknown".into(), "app".into())
    );
}

#[test]
fn a_token_ends_at_its_moment() {
    let (access, clock) = access(99);
    access.replace(&[Token { expires_at: Some(UnixMs(100)), ..token("short", "wm_short") }]);
    assert_eq!(who(&access, &["Bearer wm_short"]), "short");
    clock.0.store(100, Ordering::Relaxed);
    assert_eq!(who(&access, &["Bearer wm_short"]), "expired");
}

#[test]
fn the_last_use_is_known_by_name_and_outlives_a_change() {
    let (access, clock) = access(5);
    let (old, new) = (token("ci", "wm_old"), token("ci", "wm_new"));
    access.replace(std::slice::from_ref(&old));
    assert_eq!(access.uses(), []);
    who(&access, &["Bearer wm_old"]);
    access.replace(&[old, new]);
    let ci: TokenName = "ci".parse().unwrap();
    assert_eq!(access.uses(), [(ci.clone(), UnixMs(5))]);
    clock.0.store(9, Ordering::Relaxed);
    who(&access, &["Bearer wm_new"]);
    who(&access, &["Bearer wm_nobody"]);
    assert_eq!(access.uses(), [(ci, UnixMs(9))]);
}

#[test]
fn what_is_shown_of_it_holds_no_token() {
    assert!(!format!("{:?}", access(1).0).contains("wm_"));
}

#[test]
fn a_session_opens_where_cookies_count_and_a_header_goes_before() {
    let (access, _) = access(1);
    let with = |all: &[(axum::http::HeaderName, &'static str)]| -> HeaderMap {
        all.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    };
    let cookie = (axum::http::header::COOKIE, "wm_session=wm_app");
    assert!(access.check(ENQUEUE, &with(std::slice::from_ref(&cookie)), true).is_ok());
    assert!(matches!(
        access.check(ENQUEUE, &with(std::slice::from_ref(&cookie)), false),
        Err(Refused::Missing { .. })
    ));
    let wrong = (AUTHORIZATION, "Bearer wm_other");
    assert!(matches!(access.check(ENQUEUE, &with(&[cookie.clone(), wrong]), true), Err(Refused::Unknown)));
    let none = (AUTHORIZATION, "Basic wm_app");
    assert!(matches!(access.check(ENQUEUE, &with(&[cookie, none]), true), Err(Refused::Missing { .. })));
}

#[test]
fn whoever_was_let_in_is_known_until_the_token_is_gone_ends_or_changes() {
    let (access, clock) = access(1);
    let new = Token { expires_at: Some(UnixMs(100)), ..token("new", "wm_new") };
    access.replace(std::slice::from_ref(&new));
    let caller = access.caller("wm_new").unwrap();
    assert!(access.knows(&caller) && access.knows(&Caller::anybody()));
    access.replace(&[Token { roles: Roles::of(&[Role::Read]), ..new.clone() }]);
    assert!(!access.knows(&caller), "it has other roles");
    access.replace(&[Token { hash: TokenHash::of("wm_newer"), ..new.clone() }]);
    assert!(!access.knows(&caller), "it was replaced");
    access.replace(std::slice::from_ref(&new));
    assert!(access.knows(&caller));
    clock.0.store(100, Ordering::Relaxed);
    assert!(!access.knows(&caller), "its time is over");
    clock.0.store(1, Ordering::Relaxed);
    access.replace(&[]);
    assert!(!access.knows(&caller), "it was revoked");
    assert_eq!(access.caller("wm_new").unwrap_err().kind(), crate::Kind::TokenUnknown);
}
