//! Tokens: who is let in where, from outside, through the real binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::mill::{Mill, WITHIN};
use crate::wasmill::{Said, command, prebuilt, wasmill};

/// A mill that asks for tokens, on all addresses of this machine.
struct Guarded {
    folder: TempDir,
    mill: Mill,
    app: String,
    ops: String,
}

/// An answer, taken apart just enough.
struct Reply {
    status: u16,
    head: String,
    body: String,
}

/// What a caller has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Enqueue,
    Operate,
}

/// Which right each endpoint needs. One that the API describes and that is missing here fails the test: decide it here,
/// and in `src/mill/access.rs`.
const NEEDS: &[(&str, &str, Need)] = &[
    ("post", "/v1/jobs", Need::Enqueue),
    ("post", "/v1/jobs/batch", Need::Enqueue),
    ("get", "/v1/jobs/{type}/{id}", Need::Enqueue),
    ("delete", "/v1/jobs/{type}/{id}", Need::Enqueue),
    ("get", "/v1/jobs", Need::Operate),
    ("post", "/v1/queue/check", Need::Operate),
    ("get", "/v1/modules", Need::Operate),
    ("post", "/v1/modules/prune", Need::Operate),
    ("post", "/v1/modules", Need::Operate),
    ("get", "/v1/modules/{digest}", Need::Operate),
    ("put", "/v1/modules/{digest}/tags/{tag}", Need::Operate),
    ("get", "/v1/catalog", Need::Operate),
    ("post", "/v1/catalog/plan", Need::Operate),
    ("post", "/v1/catalog/apply", Need::Operate),
    ("post", "/v1/catalog/rollback", Need::Operate),
    ("get", "/v1/catalog/diff", Need::Operate),
    ("get", "/v1/catalog/export", Need::Operate),
    ("get", "/v1/catalog/revisions", Need::Operate),
    ("get", "/v1/catalog/revisions/{revision}", Need::Operate),
    ("delete", "/v1/catalog/types/{type}", Need::Operate),
    ("delete", "/v1/catalog/queues/{queue}", Need::Operate),
    ("get", "/v1/status", Need::Operate),
    ("get", "/v1/lanes", Need::Operate),
    ("get", "/v1/dead", Need::Operate),
    ("post", "/v1/dead/redrive", Need::Operate),
    ("post", "/v1/dead/purge", Need::Operate),
];

/// Endpoints that the API's description leaves out.
const NOT_DESCRIBED: &[(&str, &str, Need)] = &[
    ("get", "/healthz", Need::Nothing),
    ("get", "/readyz", Need::Nothing),
    ("get", "/openapi.json", Need::Nothing),
    ("get", "/metrics", Need::Operate),
];

/// A token and the lines for its hash.
fn token(name: &str, right: &str) -> (String, String) {
    let said = wasmill(["token", "new", "--name", name, "--right", right, "--json"]).ok().json();
    let lines =
        format!("[[auth.tokens]]\nname = \"{name}\"\nright = \"{right}\"\nsha256 = {}\n", said["sha256"]);
    (said["token"].as_str().unwrap().to_owned(), lines)
}

impl Guarded {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ((app, one), (ops, two)) = (token("app", "enqueue"), token("ops", "operate"));
        fs::write(folder.path().join("wasmill.toml"), one + &two).unwrap();
        let mut serve = command();
        serve.args(["serve", "--listen", "0.0.0.0:0", "--data"]).arg(folder.path().join("data"));
        serve.arg("--config").arg(folder.path().join("wasmill.toml"));
        serve.env("RUST_LOG", "debug").stderr(File::create(folder.path().join("log")).unwrap());
        let mill = Mill::spawn(serve);
        Self { folder, mill, app, ops }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// One request with an empty body, on a connection of its own.
    fn ask(&self, method: &str, path: &str, token: Option<&str>, headers: &[&str]) -> Reply {
        let port = self.mill.server.rsplit_once(':').unwrap().1;
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        let method = method.to_uppercase();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: mill.example\r\nconnection: close\r\n").unwrap();
        if let Some(token) = token {
            write!(stream, "authorization: Bearer {token}\r\n").unwrap();
        }
        headers.iter().for_each(|header| write!(stream, "{header}\r\n").unwrap());
        write!(stream, "\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Runs a command against it, with this token in the environment.
    fn wasmill<'a>(&'a self, token: &str, args: impl IntoIterator<Item = &'a str>) -> Said {
        let args = args.into_iter().chain(["--server", &self.mill.server]);
        command().args(args).env("WASMILL_TOKEN", token).output().unwrap().into()
    }
}

#[test]
fn every_endpoint_asks_for_its_right() {
    let guarded = Guarded::start();
    let api: Value = serde_json::from_str(&guarded.ask("get", "/openapi.json", None, &[]).body).unwrap();
    let described: BTreeMap<(&str, &str), &Value> = api["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(|(method, what)| ((method.as_str(), path.as_str()), what))
        })
        .collect();
    let decided: BTreeSet<_> = NEEDS.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(described.keys().copied().collect::<BTreeSet<_>>(), decided);
    assert_eq!(api["components"]["securitySchemes"]["token"]["scheme"], "bearer");

    for (method, path, need) in NEEDS.iter().chain(NOT_DESCRIBED) {
        if let Some(operation) = described.get(&(*method, *path)) {
            let right = format!("{need:?}").to_lowercase();
            assert_eq!(operation["security"], serde_json::json!([{ "token": [right] }]), "{method} {path}");
            assert!(operation["responses"]["401"].is_object() && operation["responses"]["403"].is_object());
        }
        let path = path.replace("{type}", "mail").replace("{id}", "0190163d-8694-8001-8000-64c2f1a0b3d5");
        let status = |token| guarded.ask(method, &path, token, &[]).status;
        let let_in = |status| !matches!(status, 401 | 403);
        let (none, unknown) = (status(None), status(Some("wm_unknown")));
        let (app, ops) = (status(Some(&guarded.app)), status(Some(&guarded.ops)));
        let found = format!("{method} {path}: {none} {unknown} {app} {ops}");
        assert!(let_in(ops), "{found}");
        match need {
            Need::Nothing => assert!(let_in(none) && let_in(unknown) && let_in(app), "{found}"),
            Need::Enqueue => assert!(none == 401 && unknown == 401 && let_in(app), "{found}"),
            Need::Operate => assert!(none == 401 && unknown == 401 && app == 403, "{found}"),
        }
    }
}

#[test]
fn a_refusal_waits_for_no_body_and_the_log_names_the_caller_but_no_token() {
    let guarded = Guarded::start();
    // A body that is announced and never comes.
    let announced = ["content-type: application/json", "content-length: 1000000"];
    let refused = guarded.ask("post", "/v1/jobs", None, &announced);
    assert_eq!(refused.status, 401);
    let head = refused.head.to_lowercase();
    assert!(head.contains("www-authenticate: bearer") && head.contains("application/problem+json"), "{head}");
    let refused = guarded.ask("post", "/v1/modules", Some(&guarded.app), &announced);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("needs the right `operate`"), "{}", refused.body);
    guarded.ask("get", "/v1/status", Some("wm_neverSeenBefore"), &[]);
    assert_eq!(guarded.ask("get", "/v1/status", Some(&guarded.ops), &[]).status, 200);

    let log = guarded.log();
    for caller in ["app", "ops"] {
        assert!(log.contains(&format!("\"caller\":\"{caller}\"")), "{caller} in\n{log}");
    }
    for secret in [&guarded.app, &guarded.ops, "wm_neverSeenBefore"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn with_tokens_a_day_is_as_without_and_each_caller_stays_within_its_right() {
    let guarded = Guarded::start();
    let module = prebuilt("hello");
    let deploy = ["deploy", &module, "--name", "hello@1.0.0"];
    let refused = guarded.wasmill(&guarded.app, deploy).code(1).stderr;
    assert!(refused.contains("needs the right `operate`; the token `app` has `enqueue`"), "{refused}");
    assert!(refused.contains("WASMILL_TOKEN"), "{refused}");
    guarded.wasmill(&guarded.ops, deploy).ok();
    let routes = guarded.folder.path().join("routes.toml");
    fs::write(&routes, "[type.greeting]\nhandlers = [ { module = \"hello@1.0.0\" } ]\n").unwrap();
    guarded.wasmill(&guarded.ops, ["apply", routes.to_str().unwrap(), "--yes", "--message", "first"]).ok();
    let history = guarded.wasmill(&guarded.ops, ["history", "--json"]).ok().json();
    let first = &history["revisions"][0];
    assert_eq!((&first["author"], &first["message"]), (&"ops".into(), &"first".into()), "{history}");

    let stored = guarded.wasmill(&guarded.app, ["enqueue", "greeting", "--json"]).ok().json();
    let id = stored["id"].as_str().unwrap();
    guarded.wasmill(&guarded.app, ["job", "show", "greeting", id, "--json"]).ok();

    // No token, one that is not known, and one from a file, which goes before the variable.
    let said = guarded.wasmill("", ["status"]).code(1).stderr;
    assert!(
        said.contains("needs a token with the right `operate`") && said.contains("--token-file"),
        "{said}"
    );
    let said = guarded.wasmill("wm_unknown", ["status"]).code(1).stderr;
    assert!(said.contains("not known here") && !said.contains("wm_unknown"), "{said}");
    let file = guarded.folder.path().join("token");
    fs::write(&file, format!("{}\n", guarded.ops)).unwrap();
    guarded.wasmill("wm_unknown", ["status", "--token-file", file.to_str().unwrap()]).ok();
    let said = guarded.wasmill("two words", ["status"]).code(2).stderr;
    assert!(said.contains("WASMILL_TOKEN holds no token"), "{said}");
    let said = guarded.wasmill("", ["status", "--token-file", "missing.token"]).code(2).stderr;
    assert!(said.contains("missing.token cannot be read"), "{said}");
}

/// What a server says that must not start.
fn refused(command_name: &str, config: Option<&Path>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut start = command();
    start.args([command_name, "--listen", "0.0.0.0:0", "--data"]).arg(&data);
    if let Some(config) = config {
        start.arg("--config").arg(config);
    }
    let said = Said::from(start.output().unwrap()).code(64);
    assert!(!data.exists(), "nothing was started");
    said.stderr
}

#[test]
fn beyond_loopback_nothing_starts_without_tokens_and_dev_not_at_all() {
    let said = refused("serve", None);
    assert!(said.contains("0.0.0.0:0 can be reached from other machines"), "{said}");
    assert!(said.contains("`wasmill token new --name NAME --right operate`"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let config: PathBuf = folder.path().join("wasmill.toml");
    fs::write(&config, token("ops", "operate").1).unwrap();
    let said = refused("dev", Some(&config));
    assert!(said.contains("`dev` is for this one") && said.contains("wasmill serve"), "{said}");
}

#[test]
fn a_new_token_comes_with_its_lines() {
    let made = wasmill(["token", "new", "--name", "app", "--right", "enqueue"]).ok().stdout;
    let token = made.lines().find(|line| line.starts_with("wm_")).unwrap();
    assert_eq!(token.len(), 35, "{made}");
    let lines = &made[made.find("[[auth.tokens]]").unwrap()..];
    assert!(!lines.contains("wm_"), "{made}");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    fs::write(&config, lines).unwrap();
    let shown = wasmill(["check", "--config", config.to_str().unwrap()]).ok().stdout;
    assert!(shown.contains("name = \"app\""), "{shown}");
    let again = wasmill(["token", "new", "--name", "app", "--right", "enqueue"]).ok().stdout;
    assert!(!again.contains(token), "two tokens are two");
    for wrong in [&["--name", "two words", "--right", "enqueue"][..], &["--name", "app", "--right", "admin"]]
    {
        wasmill(["token", "new"].into_iter().chain(wrong.iter().copied())).code(2);
    }
}
