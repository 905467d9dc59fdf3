//! A token for some job types: what it sees, what it may change, and that the others' names are not told.

use serde_json::{Value, json};

use crate::world::World;

fn files(text: &str) -> Value {
    json!({"files": [{"name": "mill.toml", "text": text}]})
}

#[tokio::test]
async fn lists_show_the_tokens_own_types_only() {
    let world = World::guarded().await;
    for path in [
        "/v1/catalog",
        "/v1/catalog/revisions/1",
        "/v1/catalog/diff?from=0&to=1",
        "/v1/catalog/export",
        "/v1/status",
        "/v1/modules",
    ] {
        let whole = world.call_as("admin", "GET", path).await;
        let own = world.call_as("hello", "GET", path).await;
        assert_eq!((whole.status.as_u16(), own.status.as_u16()), (200, 200), "{path}");
        let text = |answer: &crate::world::Answer| String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text(&whole).contains("mail"), "{path}: {}", text(&whole));
        assert!(text(&own).contains("hello") && !text(&own).contains("mail"), "{path}: {}", text(&own));
    }
    world.end().await;
}

#[tokio::test]
async fn walks_need_a_type_of_the_tokens_own() {
    let world = World::guarded().await;
    let ids = world.bury(2).await;
    for path in ["/v1/dead", "/v1/jobs?state=pending"] {
        let join = if path.contains('?') { '&' } else { '?' };
        world.call_as("hello", "GET", path).await.problem(403, "type-forbidden");
        world.call_as("hello", "GET", &format!("{path}{join}type=mail")).await.problem(403, "type-forbidden");
        assert_eq!(world.call_as("hello", "GET", &format!("{path}{join}type=hello")).await.status, 200);
        assert_eq!(world.call_as("admin", "GET", path).await.status, 200);
    }
    for path in ["/v1/dead/redrive", "/v1/dead/purge"] {
        for body in [json!({"all": true}), json!({"all": true, "type": "mail"}), json!({"ids": [ids[0]]})] {
            let mut body = body;
            body["confirm"] = true.into();
            let problem = world.post_as("hello", path, &body).await.problem(403, "type-forbidden");
            assert_eq!(problem["types"], json!(["hello"]), "{problem}");
        }
    }
    let body = json!({"ids": ids, "type": "hello", "confirm": true});
    assert_eq!(world.post_as("hello", "/v1/dead/purge", &body).await.json()["purged"], 2);
    world.end().await;
}

#[tokio::test]
async fn changes_stay_within_the_tokens_types() {
    let world = World::guarded().await;
    let own = "[type.hello]\nhandlers = [{ module = 'hello@1.0.0' }]\nowner = 'me'\n";
    let foreign = own.replace("[type.hello]", "[type.mail]");
    let queue = "[queue.bulk]\npartitions = 2\n";
    for (text, said) in [(foreign.as_str(), "`mail` is none of them"), (queue, "changes the queue `bulk`")] {
        for path in ["/v1/catalog/plan", "/v1/catalog/apply"] {
            let problem = world.post_as("hello", path, &files(text)).await.problem(403, "type-forbidden");
            let detail = problem["detail"].as_str().unwrap();
            assert!(
                detail.contains(said) && detail.contains("`hello` is for the job types hello"),
                "{detail}"
            );
        }
    }
    assert_eq!(world.post_as("hello", "/v1/catalog/apply", &files(own)).await.json()["revision"], 2);
    assert_eq!(world.post_as("admin", "/v1/catalog/apply", &files(&foreign)).await.json()["revision"], 3);
    // To 2 only the foreign type goes back, to 1 both.
    for revision in [1, 2] {
        let back = json!({"revision": revision});
        world.post_as("hello", "/v1/catalog/rollback", &back).await.problem(403, "type-forbidden");
    }
    // Whoever comes too late is told what the others did to the own types only.
    let late = json!({"files": files(own)["files"], "expect_revision": 2});
    let late = world.post_as("hello", "/v1/catalog/apply", &late).await.problem(409, "catalog-moved");
    assert_eq!((&late["changes"], late.to_string().contains("mail")), (&json!([]), false), "{late}");
    world.call_as("hello", "DELETE", "/v1/catalog/types/mail").await.problem(403, "type-forbidden");
    world.call_as("hello", "DELETE", "/v1/catalog/types/nowhere").await.problem(403, "type-forbidden");
    world.call_as("hello", "DELETE", "/v1/catalog/types/hello").await.problem(409, "in-use");
    assert_eq!(world.store.latest_number().await.unwrap(), wasmill_job::Revision(3));
    world.end().await;
}
