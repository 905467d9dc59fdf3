//! Unit tests of `wire`.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use proptest::prelude::*;
use wasmill_job::{
    Generation, Grants, Limits, ModuleDigest, ModuleTag, Path, Percent, RetriedExits, Revision, Role, Roles,
    Scope, TokenHash, TypePattern, UnixMs,
};

use super::*;
use crate::{
    Backing, Catalog, Flow, GenerationSpec, HandlerSpec, Handlers, PreviousHash, RouteMode, SourceFile,
    StoredToken, Weight, plan,
};

const REVISION: &str = include_str!("golden/revision.v1");
const BEFORE_RATES: &str = include_str!("golden/revision-before-rates.v1");
const BEFORE_GRANTS: &str = include_str!("golden/revision-before-grants.v1");
const BEFORE_ROLLOUTS: &str = include_str!("golden/revision-before-rollouts.v1");
const ROLLOUT_BEFORE_GRANTS: &str = include_str!("golden/revision-rollout-before-grants.v1");
const BEFORE_LAYOUTS: &str = include_str!("golden/revision-before-layouts.v1");
const TAG: &str = include_str!("golden/tag.v1");
const TOKEN: &str = include_str!("golden/token.v1");
const TOKEN_OF_ALL: &str = include_str!("golden/token-of-all.v1");
const KEPT_TOKENS: &str = include_str!("golden/tokens-kept.v1");
const TOKEN_USE: &str = include_str!("golden/token-use.v1");
const FILE: &str = include_str!("../plan/golden/whole.toml");

/// What a catalog file says, as far as revisions could say it before a type had shares.
fn before_rollouts() -> Catalog {
    let tags = ["hello@1.0.0", "welcome@1.4.2"];
    let modules: BTreeMap<ModuleTag, ModuleDigest> =
        tags.into_iter().map(|tag| (tag.parse().unwrap(), ModuleDigest::of(tag.as_bytes()))).collect();
    let files = [SourceFile::new("whole.toml", FILE)];
    let plan = plan(&Catalog::default(), &files, &modules, Backing::Log).unwrap();
    plan.into_revision(UnixMs(1_767_225_600_000), None, "first \"routes\"")
}

/// A revision with all that one can say: also weights, a share that is live, an author, a queue that was deleted, and one whose
/// layout has changed.
fn catalog() -> Catalog {
    relaid(rolled_out(before_rollouts()))
}

fn relaid(mut catalog: Catalog) -> Catalog {
    let of = |generation, partitions, redis: &str| GenerationSpec {
        generation: Generation(generation),
        partitions: NonZeroU32::new(partitions).unwrap(),
        redis: redis.into(),
    };
    let mail = catalog.queues.get_mut(&"mail".parse().unwrap()).unwrap();
    mail.current = of(66, 32, "big");
    mail.draining = vec![of(1, 16, "main"), of(65, 16, "big")];
    mail.spent = [2, 3].map(Generation).into();
    catalog
}

fn rolled_out(mut catalog: Catalog) -> Catalog {
    catalog.author = Some("ops".into());
    let spec = |tag: &str, weight| HandlerSpec {
        module: tag.parse().unwrap(),
        digest: ModuleDigest::of(tag.as_bytes()),
        weight: Weight::new(weight).unwrap(),
    };
    let hello = catalog.types.get_mut(&"hello".parse().unwrap()).unwrap();
    hello.handlers = Handlers::new(vec![spec("hello@1.0.0", 95), spec("hello@1.1.0", 5)]).unwrap();
    hello.mode = RouteMode::Part(Percent::new(5).unwrap());
    hello.path = Path::Both;
    let welcome = catalog.types.get_mut(&"email.welcome".parse().unwrap()).unwrap();
    welcome.mode = RouteMode::Off;
    let mail = catalog.queues[&"mail".parse().unwrap()].clone();
    catalog.retired.insert("bulk".parse().unwrap(), mail);
    catalog
}

/// The same as far as they could say it before a type had grants.
fn before_grants() -> Catalog {
    let mut catalog = before_rollouts();
    let welcome = catalog.types.get_mut(&"email.welcome".parse().unwrap()).unwrap();
    let Limits { host_calls, http_calls, http_bytes, children, .. } = Limits::default();
    welcome.limits = Limits { host_calls, http_calls, http_bytes, children, ..welcome.limits };
    welcome.retry.exits = RetriedExits::default();
    welcome.grants = Grants::default();
    catalog
}

fn damage(bytes: &[u8]) -> String {
    match read_revision(Revision(1), bytes).unwrap_err() {
        Unreadable::Damaged(reason) => reason,
        Unreadable::Newer(version) => panic!("taken for version {version}"),
    }
}

#[test]
fn a_revision_is_written_as_the_golden_file_has_it() {
    let written = String::from_utf8(write_revision(&catalog())).unwrap();
    assert_eq!(written, REVISION.trim_end(), "\n--- written:\n{written}\n");
}

#[test]
fn a_revision_reads_back() {
    assert_eq!(read_revision(Revision(1), REVISION.as_bytes()).unwrap(), catalog());
}

#[test]
fn a_revision_from_before_rates_reads() {
    let mut expected = before_grants();
    let welcome = expected.types.get_mut(&"email.welcome".parse().unwrap()).unwrap();
    welcome.flow = Flow { concurrency: Some(64), ..Flow::default() };
    assert_eq!(read_revision(Revision(1), BEFORE_RATES.as_bytes()).unwrap(), expected);
}

#[test]
fn a_revision_from_before_grants_reads() {
    assert_eq!(read_revision(Revision(1), BEFORE_GRANTS.as_bytes()).unwrap(), before_grants());
}

#[test]
fn a_revision_from_before_rollouts_reads() {
    assert_eq!(read_revision(Revision(1), BEFORE_ROLLOUTS.as_bytes()).unwrap(), before_rollouts());
    let read = read_revision(Revision(1), ROLLOUT_BEFORE_GRANTS.as_bytes()).unwrap();
    assert_eq!(read, rolled_out(before_grants()));
}

#[test]
fn a_revision_from_before_queues_could_change_reads() {
    let read = read_revision(Revision(1), BEFORE_LAYOUTS.as_bytes()).unwrap();
    assert_eq!(read, rolled_out(before_rollouts()));
}

#[test]
fn a_queue_that_has_a_generation_twice_is_damage() {
    let mut catalog = catalog();
    let mail = catalog.queues.get_mut(&"mail".parse().unwrap()).unwrap();
    mail.spent.insert(Generation(65));
    assert_eq!(damage(&write_revision(&catalog)), "queue mail has generation 65 twice");
}

#[test]
fn every_grant_and_limit_reads_back() {
    let mut catalog = catalog();
    let hello = catalog.types.get_mut(&"hello".parse().unwrap()).unwrap();
    hello.grants = Grants {
        http: vec!["https://api.example.com".into()],
        secrets: ["SMTP_TOKEN".parse().unwrap()].into(),
        config: [("region".into(), "eu".into())].into(),
        emit: vec!["email.*".parse().unwrap()],
        clock: true,
        random: true,
    };
    hello.limits = Limits { host_calls: 1, http_calls: 2, http_bytes: 3, children: 4, ..hello.limits };
    hello.retry.exits = RetriedExits::All;
    assert_eq!(read_revision(Revision(1), &write_revision(&catalog)).unwrap(), catalog);
}

#[test]
fn every_flow_limit_reads_back() {
    let mut catalog = catalog();
    let hello = catalog.types.get_mut(&"hello".parse().unwrap()).unwrap();
    hello.flow.max_pending = Some(7);
    assert_eq!(read_revision(Revision(1), &write_revision(&catalog)).unwrap(), catalog);
}

#[test]
fn weights_that_are_not_100_together_are_damage() {
    let text = REVISION.replace("\"weight\":95", "\"weight\":94");
    let (_, body) = text.split_once("\"catalog\":").unwrap();
    let sum = ModuleDigest::of(body.trim_end().strip_suffix('}').unwrap().as_bytes());
    let at = text.find("\"sha256\":\"").unwrap() + 10;
    let text = format!("{}{sum}{}", &text[..at], &text[at + 64..]);
    assert_eq!(damage(text.as_bytes()), "job type hello: the weights are 99 together; they must be 100");
}

#[test]
fn a_revision_with_another_number_is_damaged() {
    let unreadable = read_revision(Revision(2), REVISION.as_bytes()).unwrap_err();
    assert_eq!(unreadable, Unreadable::Damaged("it is the file of revision 1".into()));
}

#[test]
fn a_changed_number_is_noticed() {
    let changed = REVISION.replace("\"attempts\":3", "\"attempts\":9");
    assert_ne!(changed, REVISION);
    assert!(damage(changed.as_bytes()).starts_with("its checksum is "));
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let newer = REVISION.replacen("\"v\":1", "\"v\":2", 1);
    let unreadable = read_revision(Revision(1), newer.as_bytes()).unwrap_err();
    assert_eq!(unreadable, Unreadable::Newer(2));
    assert!(unreadable.to_string().contains("upgrade"));
}

#[test]
fn a_catalog_that_contradicts_itself_is_damaged() {
    let mut catalog = catalog();
    catalog.queues.remove(&"mail".parse().unwrap());
    let reason = damage(&write_revision(&catalog));
    assert_eq!(reason, "job type email.welcome is in queue mail, which it does not define");
}

#[test]
fn a_tag_is_written_as_the_golden_file_has_it_and_reads_back() {
    let (tag, digest) = ("hello@1.0.0".parse().unwrap(), ModuleDigest::of(b"hello@1.0.0"));
    let written = String::from_utf8(write_tag(&tag, digest)).unwrap();
    assert_eq!(written, TAG.trim_end(), "\n--- written:\n{written}\n");
    assert_eq!(read_tag(&tag, TAG.as_bytes()), Ok(digest));
    let other = "hello@1.0.1".parse().unwrap();
    assert_eq!(
        read_tag(&other, TAG.as_bytes()),
        Err(Unreadable::Damaged("it is the file of tag hello@1.0.0".into()))
    );
}

/// A token that says all that one can, and one that says as little.
fn tokens() -> [StoredToken; 2] {
    let billing: Vec<TypePattern> = vec!["billing.*".parse().unwrap(), "email.welcome".parse().unwrap()];
    let least = StoredToken {
        name: "app".parse().unwrap(),
        roles: Roles::ALL,
        scope: Scope::WHOLE,
        hash: TokenHash::of("wm_app"),
        previous: None,
        created_at: UnixMs(1_767_225_600_000),
        created_by: "admin".parse().unwrap(),
        expires_at: None,
    };
    let most = StoredToken {
        name: "ci.billing".parse().unwrap(),
        roles: Roles::of(&[Role::Read, Role::Deploy]),
        scope: billing.try_into().unwrap(),
        previous: Some(PreviousHash { hash: TokenHash::of("wm_before"), until: UnixMs(1_767_229_200_000) }),
        expires_at: Some(UnixMs(1_798_761_600_000)),
        ..least.clone()
    };
    [least, most]
}

#[test]
fn a_token_is_written_as_the_golden_file_has_it_and_reads_back() {
    let [least, most] = tokens();
    for (token, golden) in [(&least, TOKEN_OF_ALL), (&most, TOKEN)] {
        let written = String::from_utf8(write_token(token)).unwrap();
        assert_eq!(written, golden.trim_end(), "\n--- written:\n{written}\n");
        assert_eq!(read_token(&token.name, golden.as_bytes()).as_ref(), Ok(token));
    }
    let other = read_token(&least.name, TOKEN.as_bytes());
    assert_eq!(other, Err(Unreadable::Damaged("it is the file of the token ci.billing".into())));
    let newer = TOKEN.replacen("\"v\":1", "\"v\":2", 1);
    assert_eq!(read_token(&most.name, newer.as_bytes()), Err(Unreadable::Newer(2)));
    // Without types a token would be for all: a file that has lost them is no token.
    let lost = TOKEN.replace("\"billing.*\",\"email.welcome\"", "");
    assert!(matches!(read_token(&most.name, lost.as_bytes()), Err(Unreadable::Damaged(_))));
}

#[test]
fn kept_tokens_and_last_uses_are_written_as_the_golden_files_have_them() {
    let written = String::from_utf8(write_kept_tokens(&tokens())).unwrap();
    assert_eq!(written, KEPT_TOKENS.trim_end(), "\n--- written:\n{written}\n");
    assert_eq!(read_kept_tokens(KEPT_TOKENS.as_bytes()), Ok(tokens().to_vec()));
    let (name, at) = ("app".parse().unwrap(), UnixMs(1_767_225_660_000));
    let written = String::from_utf8(write_use(&name, at)).unwrap();
    assert_eq!(written, TOKEN_USE.trim_end(), "\n--- written:\n{written}\n");
    assert_eq!(read_use(&name, TOKEN_USE.as_bytes()), Ok(at));
}

proptest! {
    #[test]
    fn a_damaged_revision_never_passes(at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = REVISION.trim_end().as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        // White space between the envelope's parts may change; nothing else can without being noticed.
        if let Ok(read) = read_revision(Revision(1), &bytes) {
            prop_assert_eq!(read, catalog());
        }
    }
}
