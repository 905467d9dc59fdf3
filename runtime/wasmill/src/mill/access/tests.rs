//! Which tokens the configuration and the store give.
#![allow(clippy::unwrap_used)]

use wasmill_catalog::PreviousHash;

use super::*;

fn configured(types: &[&str]) -> AuthConfig {
    let token = TokenConfig {
        name: "ci".parse().unwrap(),
        roles: [config::Role::Deploy, config::Role::Read].into(),
        types: types.iter().map(|&text| text.to_owned()).collect(),
        expires: Some(config::Expiry { at_ms: 9 }),
        sha256: config::TokenHash(TokenHash::of("wm_ci").0),
    };
    AuthConfig { tokens: vec![token] }
}

#[test]
fn a_token_of_the_configuration_says_the_same_here() {
    let [ci] = &fixed(&configured(&["billing.*"])).unwrap()[..] else { panic!("one") };
    assert_eq!(
        (ci.name.as_str(), ci.roles, ci.expires_at),
        ("ci", Roles::of(&[Deploy, Read]), Some(UnixMs(9)))
    );
    assert!(ci.scope.covers_text("billing.invoice") && !ci.scope.covers_text("mail"));
    assert_eq!(ci.hash, TokenHash::of("wm_ci"));
    assert!(fixed(&configured(&[])).unwrap()[0].scope.is_whole());
    let said = fixed(&configured(&["no type"])).unwrap_err();
    assert!(said.starts_with("`auth.tokens`: the token ci: `no type` names no job types"), "{said}");
}

#[test]
fn what_was_replaced_opens_until_its_moment_and_not_longer_than_the_token() {
    let stored = |expires_at| StoredToken {
        name: "ci".parse().unwrap(),
        roles: Roles::ALL,
        scope: Scope::WHOLE,
        hash: TokenHash::of("wm_new"),
        previous: Some(PreviousHash { hash: TokenHash::of("wm_old"), until: UnixMs(5) }),
        created_at: UnixMs(1),
        created_by: "ops".parse().unwrap(),
        expires_at,
    };
    let ends =
        |expires_at| made(&[stored(expires_at)]).iter().map(|token| token.expires_at).collect::<Vec<_>>();
    assert_eq!(ends(None), [None, Some(UnixMs(5))]);
    assert_eq!(ends(Some(UnixMs(3))), [Some(UnixMs(3)), Some(UnixMs(3))]);
    assert_eq!(ends(Some(UnixMs(9))), [Some(UnixMs(9)), Some(UnixMs(5))]);
}
