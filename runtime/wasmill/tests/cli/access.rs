//! Tokens: who is let in where, and what is told of it in the audit, from outside, through the real binary.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mill::{Mill, WITHIN};
use crate::wasmill::{Said, command, prebuilt, wasmill};

/// A mill that asks for tokens, on all addresses of this machine.
pub(crate) struct Guarded {
    pub(crate) folder: TempDir,
    pub(crate) mill: Mill,
    /// By their names: `app` and `ops` of the forms of before, one of each role, `all` of all, `expired`, and `mail`, which has
    /// every role for the job type `mail` alone.
    tokens: HashMap<&'static str, String>,
}

/// An answer, taken apart just enough.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The roles, and what an endpoint asks for: one of them, perhaps for all job types.
const ROLES: [&str; 4] = ["enqueue", "deploy", "operate", "read"];
type Needs = (&'static [&'static str], Types);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Types {
    /// Also with a token for some job types.
    Some,
    /// Only with one for all of them.
    All,
}
use Types::{All, Some as Of};

/// Whether it is told in the audit.
const TOLD: bool = true;
const NOT_TOLD: bool = false;

const ENQUEUE: &[&str] = &["enqueue"];
const JOB: &[&str] = &["enqueue", "operate"];
const DEPLOY: &[&str] = &["deploy"];
const OPERATE: &[&str] = &["operate"];
const READ: &[&str] = &["operate", "read"];
const LOOK: &[&str] = &["deploy", "operate", "read"];

/// What each endpoint needs, and whether it changes something. One that the API describes and that is missing here fails the
/// test: decide it here, and in `src/mill/access.rs`.
const NEEDS: &[(&str, &str, Needs, bool)] = &[
    ("post", "/v1/jobs", (ENQUEUE, Of), NOT_TOLD),
    ("post", "/v1/jobs/batch", (ENQUEUE, Of), NOT_TOLD),
    ("get", "/v1/jobs/{type}/{id}", (JOB, Of), NOT_TOLD),
    ("get", "/v1/jobs/{type}/{id}/payload", (OPERATE, Of), NOT_TOLD),
    ("delete", "/v1/jobs/{type}/{id}", (JOB, Of), TOLD),
    ("get", "/v1/jobs", (READ, Of), NOT_TOLD),
    ("post", "/v1/queue/check", (OPERATE, All), TOLD),
    ("get", "/v1/queue/memory", (READ, All), NOT_TOLD),
    ("get", "/v1/modules", (LOOK, Of), NOT_TOLD),
    ("post", "/v1/modules/prune", (DEPLOY, All), TOLD),
    ("post", "/v1/modules", (DEPLOY, Of), TOLD),
    ("get", "/v1/modules/{digest}", (LOOK, Of), NOT_TOLD),
    ("put", "/v1/modules/{digest}/tags/{tag}", (DEPLOY, Of), TOLD),
    ("get", "/v1/catalog", (LOOK, Of), NOT_TOLD),
    ("post", "/v1/catalog/plan", (DEPLOY, Of), NOT_TOLD),
    ("post", "/v1/catalog/apply", (DEPLOY, Of), TOLD),
    ("post", "/v1/catalog/rollback", (DEPLOY, Of), TOLD),
    ("get", "/v1/catalog/diff", (LOOK, Of), NOT_TOLD),
    ("get", "/v1/catalog/export", (LOOK, Of), NOT_TOLD),
    ("get", "/v1/catalog/revisions", (LOOK, Of), NOT_TOLD),
    ("get", "/v1/catalog/revisions/{revision}", (LOOK, Of), NOT_TOLD),
    ("post", "/v1/catalog/types/{type}/mode", (DEPLOY, Of), TOLD),
    ("delete", "/v1/catalog/types/{type}", (DEPLOY, Of), TOLD),
    ("get", "/v1/catalog/queues/{queue}", (LOOK, Of), NOT_TOLD),
    ("delete", "/v1/catalog/queues/{queue}", (DEPLOY, All), TOLD),
    ("delete", "/v1/catalog/queues/{queue}/generations/{generation}", (DEPLOY, All), TOLD),
    ("get", "/v1/status", (READ, Of), NOT_TOLD),
    ("get", "/v1/stats", (READ, Of), NOT_TOLD),
    ("get", "/v1/lanes", (READ, Of), NOT_TOLD),
    ("get", "/v1/workers", (READ, Of), NOT_TOLD),
    ("get", "/v1/attempts", (READ, Of), NOT_TOLD),
    ("get", "/v1/dead", (READ, Of), NOT_TOLD),
    ("get", "/v1/dead/groups", (READ, Of), NOT_TOLD),
    ("post", "/v1/dead/redrive", (OPERATE, Of), TOLD),
    ("post", "/v1/dead/purge", (OPERATE, Of), TOLD),
    ("get", "/v1/tokens", (OPERATE, All), NOT_TOLD),
    ("post", "/v1/tokens", (OPERATE, All), TOLD),
    ("delete", "/v1/tokens/{name}", (OPERATE, All), TOLD),
    ("post", "/v1/tokens/{name}/rotate", (OPERATE, All), TOLD),
];

/// Endpoints that the API's description leaves out. Nothing is needed where there is no role.
const NOT_DESCRIBED: &[(&str, &str, Needs, bool)] = &[
    ("get", "/healthz", (&[], Of), NOT_TOLD),
    ("get", "/readyz", (&[], Of), NOT_TOLD),
    ("get", "/openapi.json", (&[], Of), NOT_TOLD),
    ("get", "/metrics", (READ, All), NOT_TOLD),
    ("get", "/", (&[], Of), NOT_TOLD),
    ("get", "/console/assets/{name}", (&[], Of), NOT_TOLD),
    ("get", "/console/sign-in", (&[], Of), NOT_TOLD),
    ("get", "/console", (READ, Of), NOT_TOLD),
    ("get", "/console/types", (READ, Of), NOT_TOLD),
    ("get", "/console/types/{type}", (READ, Of), NOT_TOLD),
    ("get", "/console/queues", (READ, Of), NOT_TOLD),
    ("get", "/console/workers", (READ, Of), NOT_TOLD),
    ("get", "/console/jobs", (READ, Of), NOT_TOLD),
    ("get", "/console/jobs/{type}/{id}", (OPERATE, Of), NOT_TOLD),
    ("get", "/console/jobs/{type}/{id}/payload", (OPERATE, Of), NOT_TOLD),
    ("get", "/console/jobs/{type}/{id}/output", (OPERATE, Of), NOT_TOLD),
    ("get", "/console/dead", (READ, Of), NOT_TOLD),
    ("get", "/console/dead/preview", (READ, Of), NOT_TOLD),
    ("get", "/console/modules", (READ, Of), NOT_TOLD),
    ("get", "/console/history", (READ, Of), NOT_TOLD),
    ("get", "/console/history/{revision}", (READ, Of), NOT_TOLD),
    ("get", "/console/history/{revision}/file", (READ, Of), NOT_TOLD),
    ("get", "/console/modules/of/{name}", (READ, Of), NOT_TOLD),
    ("get", "/console/modules/{digest}", (READ, Of), NOT_TOLD),
];

/// Forms of the console. Whoever has the role and sends no form of ours is refused by the form, with another problem.
const FORMS: &[(&str, &[&str])] = &[
    ("/console/types/{type}/mode", DEPLOY),
    ("/console/jobs/{type}/{id}/cancel", JOB),
    ("/console/jobs/{type}/{id}/redrive", OPERATE),
    ("/console/dead/redrive", OPERATE),
    ("/console/dead/purge", OPERATE),
    ("/console/history/{revision}/rollback", DEPLOY),
];

/// A token and the lines for its hash.
fn token(name: &str, more: &[&str]) -> (String, String) {
    let args = ["token", "new", "--name", name, "--json"].into_iter().chain(more.iter().copied());
    let said = wasmill(args.clone()).ok().json();
    let text = said["token"].as_str().unwrap().to_owned();
    let list = |key: &str| {
        said[key].as_array().map_or_else(String::new, |list| format!("{key} = {}\n", json!(list)))
    };
    let expires = said["expires"].as_str().map_or_else(String::new, |at| format!("expires = \"{at}\"\n"));
    let (roles, types) = (list("roles"), list("types"));
    (
        text,
        format!("[[auth.tokens]]\nname = \"{name}\"\n{roles}{types}{expires}sha256 = {}\n", said["sha256"]),
    )
}

/// The lines of before there were roles.
fn lines_of_before(name: &str, right: &str) -> (String, String) {
    let said = wasmill(["token", "new", "--name", name, "--right", right, "--json"]).ok().json();
    let lines =
        format!("[[auth.tokens]]\nname = \"{name}\"\nright = \"{right}\"\nsha256 = {}\n", said["sha256"]);
    (said["token"].as_str().unwrap().to_owned(), lines)
}

const ALL_ROLES: [&str; 8] = ["--role", "enqueue", "--role", "deploy", "--role", "operate", "--role", "read"];

impl Guarded {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let all = |more: &[&'static str]| ALL_ROLES.iter().chain(more).copied().collect::<Vec<_>>();
        let mut made =
            vec![("app", lines_of_before("app", "enqueue")), ("ops", lines_of_before("ops", "operate"))];
        made.extend(ROLES.map(|role| (role, token(role, &["--role", role]))));
        made.push(("all", token("all", &all(&[]))));
        made.push(("mail", token("mail", &all(&["--type", "mail"]))));
        made.push(("expired", token("expired", &all(&["--expires", "2026-01-01T00:00:00Z"]))));
        let lines: String = made.iter().map(|(_, (_, lines))| lines.as_str()).collect();
        fs::write(folder.path().join("wasmill.toml"), lines).unwrap();
        let tokens = made.into_iter().map(|(name, (text, _))| (name, text)).collect();
        Self { mill: Self::serve(&folder), folder, tokens }
    }

    fn serve(folder: &TempDir) -> Mill {
        let mut serve = command();
        serve.args(["serve", "--listen", "0.0.0.0:0", "--data"]).arg(folder.path().join("data"));
        serve.arg("--config").arg(folder.path().join("wasmill.toml"));
        let log = OpenOptions::new().create(true).append(true).open(folder.path().join("log")).unwrap();
        serve.env("RUST_LOG", "debug").stderr(log);
        Mill::spawn(serve)
    }

    /// Stops it, as a service is stopped, and starts it again.
    pub(crate) fn restart(&mut self) {
        self.mill.signal("TERM");
        self.mill.wait();
        self.mill = Self::serve(&self.folder);
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The lines of the audit, from the one with this number on.
    fn audit(&self, from: usize) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["target"] == "audit").skip(from).collect()
    }

    pub(crate) fn token(&self, name: &str) -> &str {
        &self.tokens[name]
    }

    /// One request with an empty body, on a connection of its own.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>, headers: &[&str]) -> Reply {
        self.send(method, path, token, headers, "")
    }

    fn send(&self, method: &str, path: &str, token: Option<&str>, headers: &[&str], body: &str) -> Reply {
        let port = self.mill.server.rsplit_once(':').unwrap().1;
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        let method = method.to_uppercase();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: mill.example\r\nconnection: close\r\n").unwrap();
        if let Some(token) = token {
            write!(stream, "authorization: Bearer {token}\r\n").unwrap();
        }
        headers.iter().for_each(|header| write!(stream, "{header}\r\n").unwrap());
        write!(stream, "\r\n{body}").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// A form, with one more header.
    fn ask_with(&self, method: &str, path: &str, header: &str, body: &str) -> Reply {
        let length = format!("content-length: {}", body.len());
        let kind = "content-type: application/x-www-form-urlencoded";
        self.send(method, path, None, &[header, kind, "sec-fetch-site: same-origin", &length], body)
    }

    /// Runs a command against it, with this token in the environment.
    pub(crate) fn wasmill<'a>(&'a self, token: &str, args: impl IntoIterator<Item = &'a str>) -> Said {
        let args = args.into_iter().chain(["--server", &self.mill.server]);
        command().args(args).env("WASMILL_TOKEN", token).output().unwrap().into()
    }
}

#[test]
fn every_endpoint_asks_for_its_role() {
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
    let decided: BTreeSet<_> = NEEDS.iter().map(|(method, path, ..)| (*method, *path)).collect();
    assert_eq!(described.keys().copied().collect::<BTreeSet<_>>(), decided);
    assert_eq!(api["components"]["securitySchemes"]["token"]["scheme"], "bearer");

    let made = ["token", "create", "gone", "--role", "read", "--role", "operate", "--json"];
    let revoked =
        guarded.wasmill(guarded.token("all"), made).ok().json()["token"].as_str().unwrap().to_owned();
    guarded.wasmill(guarded.token("all"), ["token", "revoke", "gone"]).ok();

    for (method, path, (roles, types), told) in NEEDS.iter().chain(NOT_DESCRIBED) {
        if let Some(operation) = described.get(&(*method, *path)) {
            let security: Vec<_> = roles.iter().map(|role| json!({ "token": [role] })).collect();
            assert_eq!(operation["security"], json!(security), "{method} {path}");
            assert!(operation["responses"]["401"].is_object() && operation["responses"]["403"].is_object());
            if *method != "get" {
                let jobs_in = ["/v1/jobs", "/v1/jobs/batch", "/v1/catalog/plan"];
                assert_eq!(*told, !jobs_in.contains(path), "{method} {path}: what changes something is told");
            }
        }
        let url = path.replace("{type}", "mail").replace("{id}", "0190163d-8694-8001-8000-64c2f1a0b3d5");
        let told_before = guarded.audit(0).len();
        let mut asked = 0;
        let mut ask = |token: Option<&str>| {
            asked += 1;
            guarded.ask(method, &url, token, &[]).status
        };
        let let_in = |status| !matches!(status, 401 | 403);
        let free = roles.is_empty();
        for (who, token) in [
            ("nobody", None),
            ("unknown", Some("wm_unknown")),
            ("expired", Some(guarded.token("expired"))),
            ("revoked", Some(revoked.as_str())),
        ] {
            let status = ask(token);
            // Whoever sends nothing may be a browser, which is shown where to sign in.
            let wanted = if token.is_none() && path.starts_with("/console") { 303 } else { 401 };
            assert!(if free { let_in(status) } else { status == wanted }, "{method} {path}: {who} {status}");
        }
        for role in ROLES {
            let status = ask(Some(guarded.token(role)));
            let wanted = free || roles.contains(&role);
            assert!(if wanted { let_in(status) } else { status == 403 }, "{method} {path}: {role} {status}");
        }
        for (who, wanted) in [("all", true), ("ops", true), ("app", free || roles.contains(&"enqueue"))] {
            let status = ask(Some(guarded.token(who)));
            assert!(if wanted { let_in(status) } else { status == 403 }, "{method} {path}: {who} {status}");
        }
        // Lists that walk through everything ask a token for some job types which of them is meant.
        let walks =
            *method == "get" && matches!(*path, "/v1/jobs" | "/v1/stats" | "/v1/dead" | "/v1/dead/groups");
        let status = ask(Some(guarded.token("mail")));
        let wanted = free || *types == Of;
        if !walks {
            assert!(if wanted { let_in(status) } else { status == 403 }, "{method} {path}: mail {status}");
        }
        let lines = guarded.audit(told_before);
        assert_eq!(lines.len(), if *told { asked } else { 0 }, "{method} {path}: {lines:?}");
        for line in &lines {
            assert!(
                line["action"] != "undecided" && line["from"].as_str().unwrap().starts_with("127.0.0.1:"),
                "{line}"
            );
        }
        let callers: Vec<_> = lines.iter().map(|line| line["caller"].as_str().unwrap()).collect();
        let expected = [
            "anonymous",
            "anonymous",
            "expired",
            "anonymous",
            "enqueue",
            "deploy",
            "operate",
            "read",
            "all",
            "ops",
            "app",
            "mail",
        ];
        assert!(lines.is_empty() || callers == expected, "{method} {path}: {callers:?}");
    }
}

#[test]
fn every_form_asks_for_its_role_and_is_told_once() {
    let guarded = Guarded::start();
    let form = ["content-type: application/x-www-form-urlencoded", "sec-fetch-site: same-origin"];
    for (path, roles) in FORMS {
        let url = path.replace("{type}", "mail").replace("{id}", "0190163d-8694-8001-8000-64c2f1a0b3d5");
        for role in ROLES {
            let before = guarded.audit(0).len();
            let reply = guarded.ask("post", &url, Some(guarded.token(role)), &form);
            // Whoever has the role comes as far as the form, which no page of ours has made.
            let problem = if roles.contains(&role) { "foreign-origin" } else { "right-missing" };
            let lines = guarded.audit(before);
            let [line] = &lines[..] else { panic!("{path}: {role} {lines:?}") };
            assert_eq!((reply.status, &line["problem"]), (403, &problem.into()), "{path}: {role} {line}");
            assert_eq!(
                (&line["caller"], &line["outcome"]),
                (&role.into(), &"refused".into()),
                "{path}: {line}"
            );
            assert_ne!(line["action"], "undecided", "{path}");
        }
        assert_eq!(guarded.ask("post", &url, None, &form).status, 401, "{path}");
    }
}

#[test]
fn a_session_opens_pages_as_its_token_does_and_no_other_endpoint() {
    let guarded = Guarded::start();
    let with = |method: &str, path: &str, token: &str| {
        let url = path.replace("{type}", "mail").replace("{id}", "0190163d-8694-8001-8000-64c2f1a0b3d5");
        guarded.ask(method, &url, None, &[&format!("cookie: wm_session={token}")])
    };
    let pages = NOT_DESCRIBED.iter().filter(|(_, path, ..)| path.starts_with("/console"));
    for (method, path, (roles, _), _) in pages {
        for role in ROLES {
            let reply = with(method, path, guarded.token(role));
            let is_in = roles.is_empty() || roles.contains(&role);
            assert_eq!(!matches!(reply.status, 303 | 401 | 403), is_in, "{path}: {role} {}", reply.status);
            assert!(is_in || reply.body.contains("This needs the role"), "{path}: {role} {}", reply.body);
        }
        for (who, says) in [("expired", "`expired` has expired"), ("", "not known here")] {
            let token = if who.is_empty() { "wm_unknown" } else { guarded.token(who) };
            let reply = with(method, path, token);
            assert!(
                roles.is_empty() || reply.status == 401 && reply.body.contains(says),
                "{path}: {}",
                reply.body
            );
        }
    }
    for (path, roles) in FORMS {
        for role in ROLES {
            let reply = with("post", path, guarded.token(role));
            // The form itself refuses what no page of ours has sent.
            let says = if roles.contains(&role) {
                "was not sent by a page of this console"
            } else {
                "This needs the role"
            };
            assert_eq!(
                (reply.status, reply.body.contains(says)),
                (403, true),
                "{path}: {role} {}",
                reply.body
            );
        }
    }
    let others = NOT_DESCRIBED.iter().filter(|(_, path, ..)| !path.starts_with("/console"));
    for (method, path, (roles, _), _) in NEEDS.iter().chain(others) {
        let reply = with(method, path, guarded.token("all"));
        let wanted = if roles.is_empty() { reply.status != 401 } else { reply.status == 401 };
        assert!(wanted, "{method} {path}: {}", reply.status);
    }
}

#[test]
fn signing_in_and_out_is_told_and_holds_no_token() {
    let guarded = Guarded::start();
    let page = guarded.ask("get", "/console/sign-in?next=/console/types", None, &[]);
    let set = page.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let form_cookie = set.split(';').next().unwrap().to_owned();
    let form = form_cookie.split_once('=').unwrap().1.to_owned();
    let send = |path: &str, cookie: &str, fields: &str| {
        let body = format!("token={form}&{fields}");
        guarded.ask_with("post", path, &format!("cookie: {form_cookie}{cookie}"), &body)
    };
    let read = guarded.token("read");
    let bad = send("/console/sign-in", "", "secret=wm_unknown");
    assert!(bad.status == 401 && bad.body.contains("This token is not known here"), "{}", bad.body);
    let good = send("/console/sign-in", "", &format!("secret={read}&next=/console/types"));
    assert_eq!(good.status, 303, "{}", good.body);
    assert!(good.head.contains("location: /console/types"), "{}", good.head);
    let session = good.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(session.contains("; Path=/console; HttpOnly; SameSite=Strict"), "{session}");
    let session = session.split(';').next().unwrap();
    let types = guarded.ask("get", "/console/types", None, &[&format!("cookie: {session}")]);
    assert!(types.status == 200 && types.body.contains("Signed in as read"), "{}", types.body);
    let out = send("/console/sign-out", &format!("; {session}"), "");
    assert!(out.status == 303 && out.head.contains("wm_session=; "), "{}", out.head);
    let lines = guarded.audit(0);
    let told: Vec<_> =
        lines.iter().map(|line| (&line["action"], &line["caller"], &line["outcome"])).collect();
    let text = |text: &str| Value::from(text);
    let (sign_in, out) = (text("sign in"), text("sign out"));
    let (nobody, reader) = (text("anonymous"), text("read"));
    let (refused, done) = (text("refused"), text("done"));
    assert_eq!(told, [(&sign_in, &nobody, &refused), (&sign_in, &reader, &done), (&out, &reader, &done)]);
    let log = guarded.log();
    assert!(!log.contains(read) && !log.contains("wm_unknown") && !log.contains(&form), "{log}");
}

#[test]
fn live_numbers_are_for_whoever_may_look_at_pages() {
    let guarded = Guarded::start();
    for role in ROLES {
        let status = guarded.ask("head", "/console/live", Some(guarded.token(role)), &[]).status;
        assert_eq!(status, if READ.contains(&role) { 200 } else { 403 }, "{role}");
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
    let refused = guarded.ask("post", "/v1/modules", Some(guarded.token("app")), &announced);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("needs the role `deploy`"), "{}", refused.body);
    guarded.ask("get", "/v1/status", Some("wm_neverSeenBefore"), &[]);
    assert_eq!(guarded.ask("get", "/v1/status", Some(guarded.token("ops")), &[]).status, 200);

    let log = guarded.log();
    for caller in ["app", "ops"] {
        assert!(log.contains(&format!("\"caller\":\"{caller}\"")), "{caller} in\n{log}");
    }
    for secret in [guarded.token("app"), guarded.token("ops"), "wm_neverSeenBefore"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn with_tokens_a_day_is_as_without_and_each_caller_stays_within_its_role() {
    let guarded = Guarded::start();
    let module = prebuilt("hello");
    let deploy = ["deploy", &module, "--name", "hello@1.0.0"];
    let refused = guarded.wasmill(guarded.token("app"), deploy).code(1).stderr;
    assert!(refused.contains("needs the role `deploy`; the token `app` has `enqueue`"), "{refused}");
    assert!(refused.contains("WASMILL_TOKEN"), "{refused}");
    guarded.wasmill(guarded.token("ops"), deploy).ok();
    let routes = guarded.folder.path().join("routes.toml");
    fs::write(&routes, "[type.greeting]\nhandlers = [ { module = \"hello@1.0.0\" } ]\n").unwrap();
    guarded
        .wasmill(guarded.token("ops"), ["apply", routes.to_str().unwrap(), "--yes", "--message", "first"])
        .ok();
    let history = guarded.wasmill(guarded.token("ops"), ["history", "--json"]).ok().json();
    let first = &history["revisions"][0];
    assert_eq!((&first["author"], &first["message"]), (&"ops".into(), &"first".into()), "{history}");

    let stored = guarded.wasmill(guarded.token("app"), ["enqueue", "greeting", "--json"]).ok().json();
    let id = stored["id"].as_str().unwrap();
    guarded.wasmill(guarded.token("app"), ["job", "show", "greeting", id, "--json"]).ok();

    // No token, one that is not known, and one from a file, which goes before the variable.
    let said = guarded.wasmill("", ["status"]).code(1).stderr;
    assert!(
        said.contains("needs a token with the role `operate` or `read`") && said.contains("--token-file"),
        "{said}"
    );
    let said = guarded.wasmill("wm_unknown", ["status"]).code(1).stderr;
    assert!(said.contains("not known here") && !said.contains("wm_unknown"), "{said}");
    let file = guarded.folder.path().join("token");
    fs::write(&file, format!("{}\n", guarded.token("ops"))).unwrap();
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
    assert!(said.contains("`wasmill init`"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let config: PathBuf = folder.path().join("wasmill.toml");
    fs::write(&config, token("ops", &["--role", "operate"]).1).unwrap();
    let said = refused("dev", Some(&config));
    assert!(said.contains("`dev` is for this one") && said.contains("wasmill serve"), "{said}");
}

#[test]
fn a_new_token_comes_with_its_lines() {
    let made = wasmill(["token", "new", "--name", "app", "--role", "enqueue"]).ok().stdout;
    let token = made.lines().find(|line| line.starts_with("wm_")).unwrap();
    assert_eq!(token.len(), 35, "{made}");
    let lines = &made[made.find("[[auth.tokens]]").unwrap()..];
    assert!(!lines.contains("wm_"), "{made}");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    fs::write(&config, lines).unwrap();
    let shown = wasmill(["check", "--config", config.to_str().unwrap()]).ok().stdout;
    assert!(shown.contains("name = \"app\""), "{shown}");
    let again = wasmill(["token", "new", "--name", "app", "--role", "enqueue"]).ok().stdout;
    assert!(!again.contains(token), "two tokens are two");
    for wrong in [&["--name", "two words", "--right", "enqueue"][..], &["--name", "app", "--right", "admin"]]
    {
        wasmill(["token", "new"].into_iter().chain(wrong.iter().copied())).code(2);
    }
}
