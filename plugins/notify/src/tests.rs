//! What is sent, and what the service's answers mean.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use wasmill_sdk::Failure;
use wasmill_sdk::http::Error;
use wasmill_sdk::testing::{Http, Job, Response, Run};

use super::notify;

const PAYLOAD: &str = r#"{"subject": "Disk", "text": "full"}"#;
const ENDPOINT: &str = "https://chat.example/hook";

fn told(answer: Result<Response, Error>) -> Run {
    let job = Job::default().with_config("endpoint", ENDPOINT).with_secret("TOKEN", "t0p");
    job.with_http(Http::script([("POST", ENDPOINT, answer)])).run(notify, PAYLOAD)
}

#[test]
fn a_message_is_posted_with_the_token() {
    let run = told(Ok(Response::status(202)));
    assert_eq!(run.result, Ok(br#"{"status":202}"#.to_vec()));
    let [request] = &run.requests[..] else { panic!("{:?}", run.requests) };
    assert_eq!(request.header("authorization"), Some("Bearer t0p"));
    assert_eq!(request.header("idempotency-key"), Some(Job::default().id.as_str()));
    let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent, serde_json::json!({"subject": "Disk", "text": "full"}));
    assert!(run.log.iter().all(|line| !line.message.contains("t0p")));
}

#[test]
fn trouble_of_the_service_is_a_retry() {
    let busy = Response::status(503).header("retry-after", "3");
    let retry = Failure::retry("the service answered with status 503");
    assert_eq!(told(Ok(Response::status(503))).result, Err(retry.clone()));
    assert_eq!(told(Ok(busy)).result, Err(retry.after(Duration::from_secs(3))));
    assert!(matches!(told(Err(Error::Timeout("5 s".into()))).result, Err(Failure::Retry { .. })));
}

#[test]
fn what_the_service_refuses_is_rejected() {
    let reject = Failure::reject("the service answered with status 404");
    assert_eq!(told(Ok(Response::status(404))).result, Err(reject));
    assert!(matches!(told(Err(Error::Denied("no".into()))).result, Err(Failure::Reject { .. })));
}

#[test]
fn a_route_without_its_settings_is_told() {
    let message = |job: Job| job.run(notify, PAYLOAD).result.unwrap_err().message().to_owned();
    assert_eq!(message(Job::default()), "the route has no setting `endpoint`");
    assert!(message(Job::default().with_config("endpoint", ENDPOINT)).contains("`TOKEN`"));
}
