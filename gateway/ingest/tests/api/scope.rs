//! A token for some job types: which jobs it may post, see and cancel, and that the others' names are not told.

use serde_json::json;

use crate::world::{Answer, World};

const ID: &str = "0190163d-8694-8001-8000-64c2f1a0b3d5";

impl World {
    /// With the token for `email.*`.
    async fn as_email(&self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let headers = [("authorization", "Bearer wm_email"), ("content-type", content_type)];
        self.call(method, path, &headers, body.to_owned()).await
    }
}

#[tokio::test]
async fn jobs_of_other_types_are_not_taken_in_shown_or_cancelled() {
    let world = World::guarded().await;
    let own = world.as_email("POST", "/v1/jobs", "application/json", r#"{"type":"email.welcome"}"#).await;
    assert_eq!(own.status, 202);
    for job_type in ["hello", "nowhere", "email"] {
        let body = json!({"type": job_type}).to_string();
        let problem = world.as_email("POST", "/v1/jobs", "application/json", &body).await;
        let problem = problem.problem(403, "type-forbidden");
        assert_eq!(problem["types"], json!(["email.*"]));
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("`email` is for the job types email.*") && detail.contains(job_type),
            "{detail}"
        );
        for method in ["GET", "DELETE"] {
            let path = format!("/v1/jobs/{job_type}/{ID}");
            world.as_email(method, &path, "", "").await.problem(403, "type-forbidden");
        }
    }
    let event = [
        ("authorization", "Bearer wm_email"),
        ("content-type", "text/plain"),
        ("ce-specversion", "1.0"),
        ("ce-type", "hello"),
        ("ce-source", "/here"),
        ("ce-id", "1"),
    ];
    world.call("POST", "/v1/jobs", &event, "x").await.problem(403, "type-forbidden");
    // Near matches are its own, too.
    let near = world.as_email("POST", "/v1/jobs", "application/json", r#"{"type":"email.welcom"}"#).await;
    assert_eq!(near.problem(404, "unknown-type")["near"], json!(["email.welcome"]));
    let path = format!("/v1/jobs/email.welcome/{ID}");
    world.as_email("GET", &path, "", "").await.problem(404, "unknown-job");
    assert_eq!(world.jobs().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn of_a_batch_the_lines_of_other_types_alone_are_refused() {
    let world = World::guarded().await;
    let lines = "{\"type\":\"email.welcome\"}\n{\"type\":\"hello\"}\n{\"type\":\"email.welcome\"}\n";
    let answer = world.as_email("POST", "/v1/jobs/batch", "application/x-ndjson", lines).await;
    assert_eq!(answer.status, 202);
    let lines = answer.lines();
    assert!(lines[0]["id"].is_string() && lines[2]["id"].is_string(), "{lines:?}");
    assert_eq!(
        (&lines[1]["type"], &lines[1]["line"]),
        (&"urn:wasmill:problem:type-forbidden".into(), &2.into())
    );
    assert_eq!(world.jobs().await.len(), 2);
    world.end().await;
}
