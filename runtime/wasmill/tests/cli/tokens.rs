//! Tokens that are made while a mill runs, from outside, through the real binary: made, used, rotated, revoked; the store away;
//! the last use; and the first token of all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use serde_json::Value;

use crate::access::{Guarded, Reply};
use crate::mill::{Mill, WITHIN};
use crate::wasmill::{command, wasmill};

impl Guarded {
    fn create(&self, name: &str, more: &[&str]) -> String {
        let args = ["token", "create", name, "--json"].into_iter().chain(more.iter().copied());
        secret(&self.wasmill(self.token("all"), args).ok().stdout)
    }

    fn status(&self, token: &str) -> Reply {
        self.ask("get", "/v1/status", Some(token), &[])
    }

    /// Asks until the status is as wished.
    #[track_caller]
    fn until_status(&self, token: &str, status: u16) -> Reply {
        let began = Instant::now();
        loop {
            let reply = self.status(token);
            if reply.status == status {
                return reply;
            }
            assert!(began.elapsed() < WITHIN, "still {}: {}", reply.status, reply.body);
            std::thread::yield_now();
        }
    }

    fn row(&self, name: &str) -> Option<Value> {
        let list = self.wasmill(self.token("all"), ["token", "list", "--json"]).ok().json();
        list["tokens"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned()
    }

    fn until_log(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(began.elapsed() < WITHIN, "no `{text}` in\n{}", self.log());
            std::thread::yield_now();
        }
    }

    fn artifacts(&self) -> std::path::PathBuf {
        self.folder.path().join("data/artifacts")
    }
}

fn secret(answer: &str) -> String {
    serde_json::from_str::<Value>(answer).unwrap()["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_is_made_used_rotated_and_revoked_without_a_restart() {
    let guarded = Guarded::start();
    let first = guarded.create("board", &["--role", "read", "--expires", "90d"]);
    assert_eq!(guarded.status(&first).status, 200);
    assert_eq!(guarded.ask("post", "/v1/dead/redrive", Some(&first), &[]).status, 403);

    // With grace both are good.
    let rotate = |grace: &str| {
        let rotate = ["token", "rotate", "board", "--grace", grace, "--json"];
        secret(&guarded.wasmill(guarded.token("all"), rotate).ok().stdout)
    };
    let second = rotate("1h");
    assert_eq!((guarded.status(&first).status, guarded.status(&second).status), (200, 200));
    // And the one before ends by itself.
    let third = rotate("1s");
    let over = guarded.until_status(&second, 401);
    assert!(
        over.body.contains("token-expired") && over.body.contains("replaced by a newer one"),
        "{}",
        over.body
    );
    assert_eq!(guarded.status(&third).status, 200);
    // Without, the one before is refused at once.
    let fourth =
        secret(&guarded.wasmill(guarded.token("all"), ["token", "rotate", "board", "--json"]).ok().stdout);
    assert_eq!((guarded.status(&third).status, guarded.status(&fourth).status), (401, 200));

    let said = guarded.wasmill(guarded.token("all"), ["token", "revoke", "board"]).ok().stdout;
    assert!(said.starts_with("revoked board"), "{said}");
    let refused = guarded.status(&fourth);
    assert!(refused.status == 401 && refused.body.contains("token-unknown"), "{}", refused.body);
    assert_eq!(guarded.row("board"), None);

    // Revoked by another process: its file is gone.
    let other = guarded.create("other", &["--role", "read"]);
    assert_eq!(guarded.status(&other).status, 200);
    fs::remove_file(guarded.artifacts().join("tokens/other@1.json")).unwrap();
    guarded.until_status(&other, 401);
    for secret in [&first, &second, &third, &fourth, &other] {
        assert!(!guarded.log().contains(secret.as_str()), "a token stands in the log");
    }
}

#[test]
fn with_the_store_away_tokens_go_on_also_in_a_process_that_starts() {
    let mut guarded = Guarded::start();
    let token = guarded.create("board", &["--role", "read"]);
    let (tokens, away) = (guarded.artifacts().join("tokens"), guarded.folder.path().join("away"));
    fs::rename(&tokens, &away).unwrap();
    guarded.until_log("the tokens cannot be followed");
    assert_eq!(guarded.status(&token).status, 200);
    guarded.restart();
    assert_eq!(guarded.status(&token).status, 200);
    let kept = fs::metadata(guarded.folder.path().join("data/tokens.last")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    // Back, and revoked. The mill notes uses of tokens in the folder that has to go: then it has to go once more.
    let began = Instant::now();
    while let Err(error) = fs::rename(&away, &tokens) {
        assert!(began.elapsed() < WITHIN, "{error}");
        let _ = fs::remove_dir_all(&tokens);
    }
    guarded.wasmill(guarded.token("all"), ["token", "revoke", "board"]).ok();
    guarded.until_status(&token, 401);
}

#[test]
fn the_last_use_is_shown_to_the_minute_and_outlives_a_restart() {
    let mut guarded = Guarded::start();
    let token = guarded.create("board", &["--role", "read", "--type", "mail"]);
    assert_eq!(guarded.row("board").unwrap()["last_used_at_ms"], Value::Null);
    assert_eq!(guarded.status(&token).status, 200);
    let used = guarded.row("board").unwrap()["last_used_at_ms"].as_u64().unwrap();
    assert_eq!(used % 60_000, 0);
    guarded.restart();
    assert_eq!(guarded.row("board").unwrap()["last_used_at_ms"], used);
    let table = guarded.wasmill(guarded.token("all"), ["token", "list"]).ok().stdout;
    let line = table.lines().find(|line| line.starts_with("board ")).unwrap();
    assert!(line.contains("read") && line.contains("mail") && line.contains("store"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("ops ") && line.contains("configuration")), "{table}");
}

#[test]
fn a_token_for_a_type_stays_with_it() {
    let guarded = Guarded::start();
    let mail = guarded.create("shop", &["--role", "enqueue", "--role", "read", "--type", "mail"]);
    let module = crate::wasmill::prebuilt("hello");
    guarded.wasmill(guarded.token("all"), ["deploy", &module, "--name", "hello@1.0.0"]).ok();
    let routes = guarded.folder.path().join("routes.toml");
    let text = ["mail", "bill"]
        .map(|name| format!("[type.{name}]\nhandlers = [ {{ module = \"hello@1.0.0\" }} ]\n"));
    fs::write(&routes, text.concat()).unwrap();
    guarded.wasmill(guarded.token("all"), ["apply", routes.to_str().unwrap(), "--yes"]).ok();
    guarded.wasmill(&mail, ["enqueue", "mail", "--json"]).ok();
    let said = guarded.wasmill(&mail, ["enqueue", "bill"]).code(1).stderr;
    assert!(said.contains("`shop` is for the job types mail, and `bill` is none of them"), "{said}");
    let status = guarded.wasmill(&mail, ["status", "--json"]).ok().stdout;
    assert!(status.contains("mail") && !status.contains("bill"), "{status}");
}

#[test]
fn init_writes_what_a_service_starts_with_and_nothing_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("mill");
    let place = place.to_str().unwrap();
    let said = wasmill(["init", place, "--listen", "127.0.0.1:0"]).ok().stdout;
    let (config, file) = (format!("{place}/wasmill.toml"), format!("{place}/admin.token"));
    for next in [
        "wasmill serve --config ".to_owned(),
        "WASMILL_TOKEN=$(cat ".to_owned(),
        "wasmill token create".to_owned(),
    ] {
        assert!(said.contains(&next), "{said}");
    }
    let token = fs::read_to_string(&file).unwrap();
    assert!(token.starts_with("wm_") && !said.contains(token.trim()), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(&config).unwrap().contains(token.trim()));
    wasmill(["check", "--config", &config]).ok();

    let before = [&config, &file].map(|file| fs::read(file).unwrap());
    let refused = wasmill(["init", place]).code(64).stderr;
    assert!(refused.contains("is there already; nothing was written"), "{refused}");
    fs::remove_file(&config).unwrap();
    wasmill(["init", place]).code(64);
    assert!(!fs::exists(&config).unwrap(), "not half of it either");
    fs::write(&config, &before[0]).unwrap();
    assert_eq!([&config, &file].map(|file| fs::read(file).unwrap()), before);

    let mut serve = command();
    serve.args(["serve", "--config", &config]);
    let mill = Mill::spawn(serve);
    assert!(mill.wasmill(["status"]).code(1).stderr.contains("needs a token"));
    let made =
        ["token", "create", "ci", "--role", "deploy", "--role", "read", "--json", "--token-file", &file];
    let made = mill.wasmill(made).ok().json();
    assert_eq!(made["name"], "ci");
    assert!(folder.path().join("mill/data/artifacts/tokens/ci@1.json").exists(), "the data is in the folder");
    let json = wasmill(["init", folder.path().join("other").to_str().unwrap(), "--json"]).ok().json();
    assert!(json["token_file"].as_str().unwrap().ends_with("/other/admin.token"), "{json}");
}
