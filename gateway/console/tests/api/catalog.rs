//! Planning, applying, looking; every mistake at once; nobody overwrites anybody.

use serde_json::json;
use wasmill_job::Revision;

use crate::world::{WASM, World};

const HELLO: &str = "[type.hello]\nhandlers = [{ module = \"hello@1.0.0\" }]\n";

#[tokio::test]
async fn a_plan_shows_and_an_apply_writes() {
    let world = World::new().await;
    world.deploy("hello@1.0.0", &[WASM, b"hello"].concat()).await;
    let files = json!({"files": [{"name": "mill.toml", "text": HELLO}]});
    let plan = world.post("/v1/catalog/plan", &files).await.json();
    assert_eq!(plan["current_revision"], 0);
    let subjects: Vec<_> =
        plan["changes"].as_array().unwrap().iter().map(|change| &change["subject"]).collect();
    assert_eq!(subjects, ["queue default", "type hello"]);
    assert_eq!(plan["changes"][0]["kind"], "added");
    assert_eq!(world.store.latest_number().await.unwrap(), Revision(0));

    let applied = world.apply(HELLO, &[("message", "the first".into()), ("expect_revision", 0.into())]).await;
    assert_eq!((applied.status.as_u16(), &applied.json()["revision"]), (200, &1.into()));
    // Followed at once: whoever applied a type can use it.
    assert_eq!(world.catalog.current().revision, Revision(1));
    let shown = world.get("/v1/catalog").await.json();
    assert_eq!((&shown["revision"], &shown["message"]), (&1.into(), &"the first".into()));
    assert_eq!(shown["types"][0]["type"], "hello");
    assert_eq!(shown["types"][0]["handlers"][0]["module"], "hello@1.0.0");
    assert_eq!(shown["queues"][0]["name"], "default");

    let again = world.apply(HELLO, &[]).await.json();
    assert_eq!(again, json!({"revision": 1, "changes": []}));
    assert_eq!(world.store.latest_number().await.unwrap(), Revision(1));
    world.end().await;
}

#[tokio::test]
async fn a_route_grants_what_its_module_asks_for_and_no_more() {
    let world = World::with_hello().await;
    world.deploy("calls@1.0.0", &[WASM, b"calls out"].concat()).await;
    let route = |module: &str, grants: &str| {
        let text = format!("[type.new]\nhandlers = [{{ module = \"{module}@1.0.0\" }}]\n{grants}\n");
        json!({"files": [{"name": "mill.toml", "text": text}]})
    };
    let granted = "grants = { http = [\"https://api.example.com\"] }";
    for (module, grants, line, said) in [
        ("calls", "", 2, "calls@1.0.0 imports http"),
        ("hello", granted, 1, "grants http, and none of its modules asks for it"),
    ] {
        let problem =
            world.post("/v1/catalog/plan", &route(module, grants)).await.problem(422, "catalog-invalid");
        let mistakes = problem["mistakes"].as_array().unwrap();
        assert_eq!((mistakes.len(), &mistakes[0]["line"]), (1, &line.into()), "{problem}");
        assert!(mistakes[0]["message"].as_str().unwrap().contains(said), "{problem}");
    }
    assert_eq!(world.post("/v1/catalog/plan", &route("calls", granted)).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_type_is_shown_with_its_limits_and_grants() {
    let world = World::new().await;
    world.deploy("writer@1.0.0", &[WASM, b"writes"].concat()).await;
    let says = "[type.hello]\nhandlers = [{ module = 'writer@1.0.0' }]\nlimits = { host_calls = 7, children = 3 }\n\
                retry = { exits = 'all' }\ngrants = { emit = ['email.*'], config = { region = 'eu' }, clock = true }";
    assert_eq!(world.apply(says, &[]).await.status, 200);
    let shown = world.get("/v1/catalog").await.json()["types"][0].clone();
    assert_eq!(
        (&shown["host_calls"], &shown["children"], &shown["exits"]),
        (&7.into(), &3.into(), &"all".into())
    );
    assert_eq!(shown["grants"], json!({"emit": ["email.*"], "config": {"region": "eu"}, "clock": true}));
    world.end().await;
}

#[tokio::test]
async fn every_mistake_is_told_with_its_place() {
    let world = World::with_hello().await;
    let files = json!({"files": [
        {"name": "a.toml", "text": "[type.hello]\nhandlers = [{ module = \"helo@1.0.0\" }]\nmode = \"of\"\n"},
        {"name": "b.toml", "text": "[type.other]\nhandlers = [{ module = \"hello@1.0.0\" }]\nqueue = \"nowhere\"\n"},
    ]});
    for path in ["/v1/catalog/plan", "/v1/catalog/apply"] {
        let problem = world.post(path, &files).await.problem(422, "catalog-invalid");
        let mistakes = problem["mistakes"].as_array().unwrap();
        let places: Vec<_> = mistakes
            .iter()
            .map(|mistake| (&mistake["file"], &mistake["line"], mistake["column"].is_u64()))
            .collect();
        assert!(places.contains(&(&"a.toml".into(), &2.into(), true)), "{problem}");
        assert!(places.contains(&(&"a.toml".into(), &3.into(), true)), "{problem}");
        assert!(places.contains(&(&"b.toml".into(), &3.into(), true)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("b.toml:3:"), "{problem}");
    }
    assert_eq!(world.store.latest_number().await.unwrap(), Revision(1));
    world.end().await;
}

#[tokio::test]
async fn a_revision_that_moved_is_a_conflict() {
    let world = World::with_hello().await;
    let changed = format!("{HELLO}mode = \"paused\"\n");
    let moved = world.apply(&changed, &[("expect_revision", 0.into())]).await.problem(409, "catalog-moved");
    assert_eq!(moved["revision"], 1);
    assert_eq!(world.store.latest_number().await.unwrap(), Revision(1));
    assert_eq!(world.apply(&changed, &[("expect_revision", 1.into())]).await.json()["revision"], 2);
    world.end().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let world = World::new().await;
    for (body, status, name) in [
        ("", 400, "malformed-json"),
        ("{", 400, "malformed-json"),
        ("{}", 400, "invalid-field"),
        ("{\"files\":[]}", 400, "invalid-field"),
        ("{\"files\":[{\"name\":\"a\"}]}", 400, "invalid-field"),
        ("{\"files\":[],\"force\":true}", 400, "invalid-field"),
    ] {
        for path in ["/v1/catalog/plan", "/v1/catalog/apply"] {
            let json = [("content-type", "application/json")];
            world.call("POST", path, &json, body).await.problem(status, name);
        }
    }
    world.call("POST", "/v1/catalog/apply", &[], "{}").await.problem(415, "unsupported-media-type");
    world.end().await;
}

#[tokio::test]
async fn topics_that_cannot_be_made_are_told_and_hinder_nothing() {
    let world = World::new().await;
    let made = world.apply("[queue.mail]\npartitions = 2\n", &[]).await.json();
    assert!(made["warnings"].is_null(), "{made}");
    let unmade = world.apply("[queue.forbidden]\npartitions = 2\n", &[]).await.json();
    assert_eq!(unmade["warnings"], json!(["the topic was not made; run it by hand"]), "{unmade}");
    assert_eq!(world.store.latest_number().await.unwrap(), Revision(2));
    world.end().await;
}
