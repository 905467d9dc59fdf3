//! Tokens that are made, rotated and revoked while the mill runs.

use serde_json::{Value, json};

use crate::world::{OPERATOR_ENDS, World};

impl World {
    async fn make(&self, by: &str, body: &Value) -> crate::world::Answer {
        self.post_as(by, "/v1/tokens", body).await
    }

    /// How a call with this very token is answered.
    async fn status_with(&self, secret: &str) -> u16 {
        let token = format!("Bearer {secret}");
        self.call("GET", "/v1/status", &[("authorization", &token)], "").await.status.as_u16()
    }

    async fn row(&self, name: &str) -> Option<Value> {
        let list = self.call_as("admin", "GET", "/v1/tokens").await.json();
        list["tokens"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned()
    }
}

#[tokio::test]
async fn a_token_is_made_used_rotated_and_revoked() {
    let world = World::guarded().await;
    let body = json!({"name": "app", "roles": ["read", "enqueue"], "types": ["billing.*"], "expires_at_ms": OPERATOR_ENDS.0});
    let made = world.make("admin", &body).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let first = made["token"].as_str().unwrap().to_owned();
    assert_eq!((&made["roles"], &made["types"]), (&json!(["enqueue", "read"]), &json!(["billing.*"])));
    assert_eq!(world.row("app").await.unwrap()["last_used_at_ms"], Value::Null);
    // At once, and without a restart.
    assert_eq!(world.status_with(&first).await, 200);
    let row = world.row("app").await.unwrap();
    assert_eq!((&row["source"], &row["created_by"]), (&"store".into(), &"admin".into()));
    assert_eq!(row["expires_at_ms"], OPERATOR_ENDS.0);
    let used = row["last_used_at_ms"].as_u64().unwrap();
    assert!(used > 1_700_000_000_000 && used.is_multiple_of(60_000), "{row}");
    assert_eq!(world.row("admin").await.unwrap()["source"], "configuration");

    let rotated = world.post_as("admin", "/v1/tokens/app/rotate", &json!({})).await.json();
    let second = rotated["token"].as_str().unwrap();
    assert_ne!(second, first);
    assert_eq!((world.status_with(&first).await, world.status_with(second).await), (401, 200));
    assert_eq!(world.call_as("admin", "DELETE", "/v1/tokens/app").await.json(), json!({"revoked": "app"}));
    assert_eq!(world.status_with(second).await, 401);
    assert_eq!(world.row("app").await, None);
    for (method, path) in [("DELETE", "/v1/tokens/app"), ("DELETE", "/v1/tokens/nobody")] {
        world.call_as("admin", method, path).await.problem(404, "unknown-token");
    }
    world.post_as("admin", "/v1/tokens/app/rotate", &json!({})).await.problem(404, "unknown-token");
    world.end().await;
}

#[tokio::test]
async fn nobody_gives_away_more_than_they_have() {
    let world = World::guarded().await;
    let ends = OPERATOR_ENDS.0;
    for body in [
        json!({"name": "more", "roles": ["operate", "deploy"], "expires_at_ms": ends}),
        json!({"name": "more", "roles": ["operate"]}),
        json!({"name": "more", "roles": ["operate"], "expires_at_ms": ends + 1}),
    ] {
        world.make("operator", &body).await.problem(403, "right-missing");
    }
    let body = json!({"name": "less", "roles": ["operate"], "expires_at_ms": ends});
    assert_eq!(world.make("operator", &body).await.status, 201);
    // A new secret is a token, too.
    assert_eq!(world.make("admin", &json!({"name": "root", "roles": ["deploy"]})).await.status, 201);
    world.post_as("operator", "/v1/tokens/root/rotate", &json!({})).await.problem(403, "right-missing");
    assert_eq!(world.post_as("operator", "/v1/tokens/less/rotate", &json!({})).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_no_name_is_had_twice() {
    let world = World::guarded().await;
    for (body, field) in [
        (json!({"name": "two words", "roles": ["read"]}), "name"),
        (json!({"name": "wm_secret", "roles": ["read"]}), "name"),
        (json!({"name": "a", "roles": []}), "roles"),
        (json!({"name": "a", "roles": ["admin"]}), "roles"),
        (json!({"name": "a", "roles": ["read"], "types": []}), "types"),
        (json!({"name": "a", "roles": ["read"], "types": ["no type"]}), "types"),
        (json!({"name": "a", "roles": ["read"], "expires_at_ms": 1}), "expires_at_ms"),
    ] {
        let problem = world.make("admin", &body).await.problem(400, "invalid-field");
        assert_eq!(problem["field"], field, "{problem}");
        assert!(!problem.to_string().contains("wm_secret"), "{problem}");
    }
    let body = json!({"name": "a", "roles": ["read"]});
    assert_eq!(world.make("admin", &body).await.status, 201);
    world.make("admin", &body).await.problem(409, "token-conflict");
    // Those of the configuration are changed there.
    world.make("admin", &json!({"name": "hello", "roles": ["read"]})).await.problem(409, "token-conflict");
    world.call_as("admin", "DELETE", "/v1/tokens/hello").await.problem(409, "token-conflict");
    world.post_as("admin", "/v1/tokens/hello/rotate", &json!({})).await.problem(409, "token-conflict");
    world.end().await;
}

#[tokio::test]
async fn a_mill_that_asks_for_none_makes_none() {
    let world = World::new().await;
    let problem = world.post("/v1/tokens", &json!({"name": "a", "roles": ["read"]})).await;
    let problem = problem.problem(409, "token-conflict");
    assert!(problem["detail"].as_str().unwrap().contains("wasmill init"), "{problem}");
    assert_eq!(world.get("/v1/tokens").await.json(), json!({"tokens": []}));
    world.end().await;
}
