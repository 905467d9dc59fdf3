//! Requests as they go out, answers as they come in, and what errors mean for the job.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Error;
use crate::testing::{Http, Job, Response};
use crate::{Failure, http, secrets};

fn answered(
    handler: fn(()) -> Result<Value, Failure>,
    answer: Result<Response, Error>,
) -> Result<Vec<u8>, Failure> {
    let http = Http::closure(move |_| answer.clone());
    Job::default().with_http(http).run(handler, "").result
}

fn ask(_: ()) -> Result<Value, Failure> {
    Ok(http::get("https://a.example/x").send()?.error_for_status()?.json()?)
}

#[test]
fn a_request_goes_out_as_it_was_built() {
    fn post(_: ()) -> Result<(), Failure> {
        let token = secrets::get("TOKEN")?;
        http::post("https://a.example/x")
            .header("X-Trace", "1")
            .secret_header("Authorization", "Bearer ", &token)
            .json(&json!({"n": 1}))
            .timeout(Duration::from_millis(1_500))
            .send()?;
        for request in [
            http::put("https://a.example"),
            http::patch("https://a.example"),
            http::delete("https://a.example"),
        ] {
            request.body("raw").send()?;
        }
        Ok(())
    }
    let job =
        Job::default().with_secret("TOKEN", "abc").with_http(Http::closure(|_| Ok(Response::status(204))));
    let run = job.run(post, "");
    assert_eq!(run.result, Ok(b"null".to_vec()));
    let first = &run.requests[0];
    assert_eq!((first.method.as_str(), first.url.as_str()), ("POST", "https://a.example/x"));
    let headers = [("x-trace", "1"), ("authorization", "Bearer abc"), ("content-type", "application/json")];
    assert_eq!(first.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(first.body, br#"{"n":1}"#);
    assert_eq!(first.timeout, Duration::from_millis(1_500));
    let methods: Vec<_> = run.requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["POST", "PUT", "PATCH", "DELETE"]);
    assert_eq!(run.requests[3].body, b"raw");
    assert_eq!(run.requests[3].timeout, Duration::from_secs(30));
}

#[test]
fn a_response_tells_all_of_itself() {
    fn look(_: ()) -> Result<Value, Failure> {
        let response = http::get("https://a.example").send()?;
        Ok(json!([
            response.status(),
            response.is_success(),
            response.header("X-A"),
            response.headers(),
            response.body().len(),
            format!("{response:?}"),
        ]))
    }
    let answer = Response::json(302, "{}").header("X-A", "1").header("x-a", "2");
    let told: Value = serde_json::from_slice(&answered(look, Ok(answer)).unwrap()).unwrap();
    let headers = json!([["content-type", "application/json"], ["x-a", "1"], ["x-a", "2"]]);
    assert_eq!(told, json!([302, false, "1", headers, 2, "Response { status: 302, .. }"]));
}

#[test]
fn errors_become_the_failures_that_fit() {
    let why = || "w".to_owned();
    for error in [Error::Denied(why()), Error::Invalid(why()), Error::TooLarge(why())] {
        assert_eq!(answered(ask, Err(error.clone())), Err(Failure::reject(&error)), "{error:?}");
    }
    for error in [Error::Timeout(why()), Error::Failed(why()), Error::Other(why())] {
        assert_eq!(answered(ask, Err(error.clone())), Err(Failure::retry(&error)), "{error:?}");
    }
    assert_eq!(Error::Timeout(why()).to_string(), "no answer in time: w");
}

#[test]
fn a_status_becomes_the_failure_that_fits() {
    let failed = |answer| answered(ask, Ok(answer)).unwrap_err();
    for status in [301, 400, 404, 422] {
        let message = format!("the service answered with status {status}");
        assert_eq!(failed(Response::status(status)), Failure::reject(message));
    }
    for status in [408, 429, 500, 503] {
        let retry = Failure::retry(format!("the service answered with status {status}"));
        assert_eq!(failed(Response::status(status)), retry);
        let later = failed(Response::status(status).header("Retry-After", "7"));
        assert_eq!(later, retry.clone().after(Duration::from_secs(7)));
        // A date is allowed there, too; the type's backoff does for that.
        assert_eq!(
            failed(Response::status(status).header("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")),
            retry
        );
    }
}

#[test]
fn an_answer_that_does_not_decode_is_a_retry() {
    assert_eq!(answered(ask, Ok(Response::json(200, "[1]"))), Ok(b"[1]".to_vec()));
    let failure = answered(ask, Ok(Response::json(200, "<html>"))).unwrap_err();
    assert!(
        failure.to_string().starts_with("retry: the service's answer does not decode: expected"),
        "{failure}"
    );
}

#[test]
fn a_body_that_does_not_encode_is_not_sent() {
    fn bad(_: ()) -> Result<(), Failure> {
        let pairs = std::collections::BTreeMap::from([((1, 2), 3)]);
        http::post("https://a.example").json(&pairs).send()?;
        Ok(())
    }
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let http = Http::closure(move |_| {
        count.set(count.get() + 1);
        Ok(Response::status(200))
    });
    let run = Job::default().with_http(http).run(bad, "");
    assert!(matches!(run.result, Err(Failure::Reject { .. })), "{:?}", run.result);
    assert_eq!(asked.get(), 0);
}

#[test]
fn a_script_answers_in_order() {
    fn twice(_: ()) -> Result<u16, Failure> {
        Ok(http::get("https://a.example/1").send()?.status()
            + http::post("https://a.example/2").send()?.status())
    }
    let script = Http::script([
        ("GET", "https://a.example/1", Ok(Response::status(200))),
        ("POST", "https://a.example/2", Ok(Response::status(201))),
    ]);
    assert_eq!(Job::default().with_http(script).run(twice, "").result, Ok(b"401".to_vec()));
}

#[test]
#[should_panic(expected = "another request than the script's next one")]
fn a_script_insists_on_its_order() {
    let script = Http::script([("GET", "https://a.example/other", Ok(Response::status(200)))]);
    let _ = Job::default().with_http(script).run(ask, "");
}

#[test]
#[should_panic(expected = "GET https://a.example/x comes after the script's end")]
fn a_script_ends() {
    let _ = Job::default().with_http(Http::script([])).run(ask, "");
}
