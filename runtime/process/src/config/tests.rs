//! Unit tests of `config`.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const WRONG: &str = include_str!("golden/wrong.toml");
const WRONG_SAYS: &str = include_str!("golden/wrong.says");

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
    layers::compose(Some(("wasmill.toml", text)), &environment(variables))
}

#[test]
fn nothing_said_gives_the_defaults() {
    assert_eq!(Config::load(None, &environment(&[])), Ok(Config::default()));
    assert_eq!(load("", &[]), Ok(Config::default()));
}

#[test]
fn a_file_lies_over_the_defaults_and_variables_over_the_file() {
    let text =
        "[worker]\nslots = 3\nlease = \"1m\"\n[gateway]\nbody_max = \"1MiB\"\n[data]\ndir = \"/srv/mill\"";
    let variables = [
        ("WASMILL_WORKER_SLOTS", " 7 "),
        ("WASMILL_GATEWAY_LISTEN", "0.0.0.0:80"),
        ("WASMILL_SANDBOX_PAGEMAP_SCAN", "off"),
        ("WASMILL_LOG_RETENTION_AGE", ""),
        ("HOME", "/root"),
        ("WASMILL_SERVER", "http://localhost:8420"),
    ];
    let config = load(text, &variables).unwrap();
    assert_eq!((config.worker.slots.get(), config.worker.lease), (7, Duration::from_secs(60)));
    assert_eq!(config.gateway.body_bytes_max, 1 << 20);
    assert_eq!(config.gateway.listen, "0.0.0.0:80".parse().unwrap());
    assert_eq!(config.sandbox.pagemap_scan, PagemapScan::Off);
    assert_eq!(config.log, LogConfig::default());
    assert_eq!(config.log.dir_in(&config.data), Path::new("/srv/mill/log"));
}

#[test]
fn all_mistakes_come_at_once() {
    let variables = [
        ("WASMILL_WORKER_SLOT", "3"),
        ("WASMILL_WORKER_GRACE", "soon"),
        ("WASMILL_GATWAY_LISTEN", "127.0.0.1:1"),
        ("WASMILL_GATEWAY_LISTEN", "nowhere"),
        ("WASMILL_SANDBOX_MEMORY_MAX", "8GiB"),
        ("RUST_LOG", "inof"),
        ("WASMILL_AUTH_TOKEN", "[]"),
    ];
    let says = load(WRONG, &variables).unwrap_err().to_string();
    assert_eq!(says, WRONG_SAYS.trim_end(), "\n--- found:\n{says}\n");
}

#[test]
fn rust_log_sets_the_level_and_its_own_variable_prevails() {
    let level = |variables: &[(&str, &str)]| {
        load("[telemetry]\nlevel = \"error\"", variables).unwrap().telemetry.level
    };
    assert_eq!(level(&[]), "error");
    assert_eq!(level(&[("RUST_LOG", "warn")]), "warn");
    assert_eq!(
        level(&[("RUST_LOG", "warn"), ("WASMILL_TELEMETRY_LEVEL", "info,wasmill_log=debug")]),
        "info,wasmill_log=debug"
    );
}

#[test]
fn a_level_that_its_parser_would_panic_at_is_a_mistake() {
    let says = load("", &[("RUST_LOG", " \u{1f50}=")]).unwrap_err().to_string();
    assert!(says.contains("`\u{1f50}` stands in no name of a part"), "{says}");
}

#[test]
fn a_file_that_is_missing_is_a_mistake() {
    let says =
        Config::load(Some(Path::new("/nowhere/wasmill.toml")), &environment(&[])).unwrap_err().to_string();
    assert!(says.starts_with("/nowhere/wasmill.toml: the file cannot be read: "), "{says}");
}

#[test]
fn a_file_on_the_disk_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wasmill.toml");
    std::fs::write(&path, "[worker]\nslots = 0").unwrap();
    let says = Config::load(Some(&path), &environment(&[])).unwrap_err().to_string();
    assert!(says.starts_with(&format!("{}:2:1: `worker.slots`: ", path.display())), "{says}");
}

fn token(name: &str, roles: &[Role], byte: u8) -> TokenConfig {
    let roles = roles.iter().copied().collect();
    TokenConfig {
        name: name.parse().unwrap(),
        roles,
        types: Vec::new(),
        expires: None,
        sha256: TokenHash([byte; 32]),
    }
}

#[test]
fn tokens_come_from_the_file_in_either_form_or_from_a_variable() {
    let (app, ops) = (token("app", &[Role::Enqueue], 0xAB), token("ops", &Role::ALL, 1));
    let line = |token: &TokenConfig, right| {
        format!("{{ name = \"{}\", right = \"{right}\", sha256 = \"{}\" }}", token.name, token.sha256)
    };
    let both = format!("[{}, {}]", line(&app, "enqueue"), line(&ops, "operate"));
    let file = format!("[auth]\ntokens = {both}");
    let tables = toml::to_string(&AuthConfig { tokens: vec![app.clone(), ops.clone()] }).unwrap();
    let tables = tables.replace("[[tokens]]", "[[auth.tokens]]");
    let wanted = Ok(vec![app.clone(), ops]);
    let tokens = |text: &str, variables: &[_]| load(text, variables).map(|config| config.auth.tokens);
    assert_eq!(tokens(&file, &[]), wanted);
    assert_eq!(tokens(&tables, &[]), wanted, "{tables}");
    assert_eq!(tokens("", &[("WASMILL_AUTH_TOKENS", &both)]), wanted);
    // The variable replaces the file's.
    let one = format!("[{}]", line(&app, "enqueue"));
    assert_eq!(tokens(&file, &[("WASMILL_AUTH_TOKENS", &one)]), Ok(vec![app]));
    assert_eq!(tokens(&file, &[("WASMILL_AUTH_TOKENS", "[]")]), Ok(vec![]));
}

#[test]
fn each_table_of_tokens_has_its_own_line() {
    let text = "[[auth.tokens]]\nname = \"a\"\n\n[[auth.tokens]]\nright = \"operate\"\n";
    let says = load(text, &[]).unwrap_err().to_string();
    assert_eq!(
        says,
        "wasmill.toml:1:1: `auth.tokens`: `roles` is missing; `sha256` is missing\n\
         wasmill.toml:4:1: `auth.tokens`: `name` is missing; `sha256` is missing"
    );
}

#[test]
fn a_token_has_roles_types_and_an_end() {
    let hash = TokenHash([2; 32]);
    let file = |more: &str| format!("[[auth.tokens]]\nname = \"ci\"\nsha256 = \"{hash}\"\n{more}");
    let more =
        "roles = [\"read\", \"deploy\"]\ntypes = [\"billing.*\"]\nexpires = \"2027-01-31T00:00:00Z\"\n";
    let config = load(&file(more), &[]).unwrap();
    let [ci] = &config.auth.tokens[..] else { panic!("{:?}", config.auth) };
    let wanted = TokenConfig {
        types: vec!["billing.*".into()],
        expires: Some(Expiry { at_ms: 1_801_353_600_000 }),
        ..token("ci", &[Role::Deploy, Role::Read], 2)
    };
    assert_eq!(*ci, wanted);
    assert_eq!(load(&config.to_string(), &[]).unwrap(), config);
    let unquoted = more.replace("\"2027-01-31T00:00:00Z\"", "2027-01-31T00:00:00Z");
    assert_eq!(load(&file(&unquoted), &[]).unwrap(), config);
    for (more, said) in [
        ("roles = []", "`roles` must be a list of"),
        ("roles = [\"admin\"]", "`roles` must be a list of"),
        ("roles = \"read\"", "`roles` must be a list of"),
        ("roles = [\"read\"]\nright = \"operate\"", "`right` and `roles` say the same"),
        ("right = \"deploy\"", "`right` must be \"enqueue\" or \"operate\""),
        ("roles = [\"read\"]\ntypes = []", "`types` must be a list"),
        ("roles = [\"read\"]\ntypes = [1]", "`types` must be a list"),
        ("roles = [\"read\"]\nexpires = \"90d\"", "`expires` must be a moment in UTC"),
        ("roles = [\"read\"]\nexpires = 2027-01-31", "`expires` must be a moment in UTC"),
        ("roles = [\"read\"]\nscope = \"*\"", "a token has no `scope`"),
    ] {
        let says = load(&file(more), &[]).unwrap_err().to_string();
        assert!(says.contains(said), "{more}: {says}");
    }
}

#[test]
fn a_token_in_the_place_of_its_hash_is_not_repeated() {
    for text in [
        "[auth]\ntokens = \"wm_secret\"",
        "[auth]\ntokens = [\"wm_secret\"]",
        "[auth]\ntokens = [{ name = \"wm_secret \", right = \"wm_secret\", sha256 = \"wm_secret\" }]",
    ] {
        assert!(!load(text, &[]).unwrap_err().to_string().contains("wm_secret"), "{text}");
    }
    for value in ["wm_secret", "[wm_secret", "[\"wm_secret\"]", "[]\ndir = \"wm_secret\""] {
        let says = load("", &[("WASMILL_AUTH_TOKENS", value)]).unwrap_err().to_string();
        assert!(says.starts_with("WASMILL_AUTH_TOKENS: `auth.tokens`") && !says.contains("secret"), "{says}");
    }
}

#[test]
fn a_configuration_is_shown_as_a_file_that_says_the_same() {
    let mut config = Config::default();
    config.auth.tokens = vec![token("app", &[Role::Enqueue], 2), token("ops", &Role::ALL, 3)];
    config.worker.grace = Duration::from_millis(1500);
    config.sandbox.memory_bytes_max = 3 << 20;
    let shown = config.to_string();
    assert_eq!(load(&shown, &[]).unwrap(), config, "{shown}");
}

#[test]
fn a_password_is_not_shown_with_the_configuration() {
    let variables = [("WASMILL_QUEUE_URL", "redis://mill:s3cret@host:6379"), ("WASMILL_QUEUE_KIND", "redis")];
    let config = load("[log]\nkind = \"none\"", &variables).unwrap();
    let revealed: Vec<_> = config.queue.url.iter().map(QueueUrl::reveal).collect();
    assert_eq!(revealed, ["redis://mill:s3cret@host:6379"]);
    assert_eq!((config.queue.kind, config.log.kind), (QueueKind::Redis, LogKind::None));
    let shown = config.to_string();
    assert!(shown.contains("redis://mill:***@host:6379") && !shown.contains("s3cret"), "{shown}");
    let wrong = load("", &[("WASMILL_QUEUE_URL", "mill:s3cret@host")]).unwrap_err().to_string();
    assert!(wrong.starts_with("WASMILL_QUEUE_URL: ") && !wrong.contains("s3cret"), "{wrong}");
    let two = [("WASMILL_QUEUE_URL", "redis://:s3cret@one:1,redis://two:2")];
    let file = "queue.url = [\"redis://three\"]\nqueue.shards = 4\n";
    let config = load(file, &two).unwrap();
    assert_eq!(
        (config.queue.url.to_string(), config.queue.shards_in_all()),
        ("redis://:***@one:1, redis://two:2".into(), 4)
    );
    assert_eq!(load("", &two).unwrap().queue.shards_in_all(), 2);
    let wrong = load("queue.shards = 3\n", &two).unwrap_err().to_string();
    assert!(wrong.contains("must be a multiple of 2"), "{wrong}");
}

#[test]
fn the_readme_names_every_key_and_its_default() {
    let readme = include_str!("../../README.md");
    let mut config = Config::default();
    // Depends on the machine; the README says so in words.
    config.worker.slots = std::num::NonZeroU32::MIN;
    let known = toml::Table::try_from(config).unwrap();
    for (section, keys) in &known {
        for (key, default) in keys.as_table().unwrap() {
            let default = match default.as_str() {
                Some("") => "\"\"".to_owned(),
                Some(text) => text.to_owned(),
                None => default.to_string(),
            };
            let default =
                if key == "slots" { "one per processor".to_owned() } else { format!("`{default}`") };
            let row = format!("| `{section}.{key}` | {default} |");
            assert!(readme.contains(&row), "the README has no row that begins with {row}");
        }
    }
}

proptest! {
    #[test]
    fn garbage_is_a_mistake_with_a_place_or_a_configuration(text in "[\\PC\n\t\"\\[\\]{}=.,#]{0,200}") {
        check_places(&text);
    }

    #[test]
    fn a_damaged_file_is_a_mistake_with_a_place_or_a_configuration(
        at in any::<prop::sample::Index>(),
        length in 0..20_usize,
        put in "[\\PC\n]{0,8}",
    ) {
        let base = Config::default().to_string() + WRONG;
        let boundaries: Vec<_> = base.char_indices().map(|(index, _)| index).collect();
        let start = at.index(boundaries.len());
        let end = (start + length).min(boundaries.len() - 1);
        check_places(&format!("{}{put}{}", &base[..boundaries[start]], &base[boundaries[end].max(boundaries[start])..]));
    }

    #[test]
    fn any_variable_is_a_mistake_or_a_value(value in "\\PC{0,20}") {
        for name in ["WASMILL_WORKER_SLOTS", "WASMILL_DATA_DIR", "WASMILL_LOG_RETENTION_SIZE", "WASMILL_AUTH_TOKENS", "RUST_LOG"] {
            if let Err(Mistakes(mistakes)) = load("", &[(name, &value)]) {
                prop_assert!(mistakes.iter().all(|mistake| mistake.place == Place::Variable(name.into())));
            }
        }
    }
}

fn check_places(text: &str) {
    if let Err(Mistakes(mistakes)) = load(text, &[]) {
        assert!(!mistakes.is_empty());
        let lines = text.split('\n').count();
        for mistake in mistakes {
            let Place::Line { line, column, .. } = mistake.place else { panic!("{mistake}") };
            assert!((1..=lines).contains(&line) && column >= 1, "{mistake:?}");
        }
    }
}
