//! Unit tests of `access`.
#![allow(clippy::unwrap_used)]

use super::*;

fn scope(patterns: &[&str]) -> Scope {
    let patterns: Vec<TypePattern> = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    patterns.try_into().unwrap()
}

#[test]
fn the_hash_is_sha_256_of_the_whole_text() {
    // `printf wm_app | sha256sum`
    let hash = "d1ed6f7a2ade10cd7281d478536601f18a812c3c6715b9f9daf2870a28e4a43e";
    assert_eq!(TokenHash::of("wm_app").to_string(), hash);
    assert_eq!(TokenHash::try_from(hash.to_owned()), Ok(TokenHash::of("wm_app")));
    for wrong in [String::new(), "wm_app".to_owned(), hash.replace('d', "g"), format!("{hash}0")] {
        assert_eq!(TokenHash::try_from(wrong), Err(InvalidToken::Hash));
    }
}

#[test]
fn no_role_includes_another() {
    for one in Role::ALL {
        for other in Role::ALL {
            assert_eq!(Roles::of(&[one]).contain(other), one == other);
            assert_eq!(Roles::of(&[one]).include(Roles::of(&[one, other])), one == other);
        }
        assert!(Roles::ALL.contain(one) && Roles::ALL.meet(Roles::of(&[one])));
        assert_eq!(one.as_str().parse(), Ok(one));
    }
    assert_eq!(Roles::of(&[Role::Read, Role::Deploy]).to_string(), "deploy, read");
    assert_eq!("admin".parse::<Role>(), Err(InvalidToken::Role));
}

#[test]
fn a_scope_is_everything_or_what_its_patterns_name() {
    let billing = scope(&["billing.*", "email.welcome"]);
    for (job_type, covered) in [
        ("billing.invoice", true),
        ("email.welcome", true),
        ("billing", false),
        ("billings.x", false),
        ("email.goodbye", false),
        ("no type", false),
    ] {
        assert_eq!(billing.covers_text(job_type), covered, "{job_type}");
        assert!(Scope::WHOLE.covers_text(job_type));
    }
    assert_eq!(billing.to_string(), "billing.*, email.welcome");
    assert_eq!((scope(&["a", "*"]), Scope::WHOLE.to_string()), (Scope::WHOLE, "*".to_owned()));
    assert_eq!(Scope::try_from(Vec::new()), Err(InvalidToken::NoType));
}

#[test]
fn roles_and_scopes_are_lists_where_they_are_written() {
    let json = serde_json::to_string(&(Roles::ALL, Scope::WHOLE, scope(&["a.*"]))).unwrap();
    assert_eq!(json, r#"[["enqueue","deploy","operate","read"],["*"],["a.*"]]"#);
    let (roles, whole, some): (Roles, Scope, Scope) = serde_json::from_str(&json).unwrap();
    assert_eq!((roles, whole, some), (Roles::ALL, Scope::WHOLE, scope(&["a.*"])));
    assert!(serde_json::from_str::<Roles>("[]").is_err() && serde_json::from_str::<Scope>("[]").is_err());
}

#[test]
fn names_are_plain() {
    for good in ["app", "a", "ci.deploy-2", &"x".repeat(64)] {
        assert_eq!(good.parse::<TokenName>().unwrap().as_str(), good);
    }
    for bad in ["", "a b", "a@1", "a/b", "\u{e9}", &"x".repeat(65)] {
        assert_eq!(bad.parse::<TokenName>(), Err(InvalidToken::Name), "{bad}");
    }
}
