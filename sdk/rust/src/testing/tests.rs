//! A job under test: its context, its log, and what is left when it ends.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use super::{Job, Line};
use crate::log::Level;
use crate::{Failure, Raw, clock, config, context, http, log, random, secrets};

fn all_getters(_: Raw) -> Result<Raw, Failure> {
    let all = (
        context::job_id(),
        context::job_type(),
        (context::attempt(), context::max_attempts()),
        context::accepted_at(),
        context::deadline_left(),
        (context::idempotency_key(), context::traceparent()),
    );
    Ok(format!("{all:?}").into_bytes().into())
}

#[test]
fn the_context_tells_of_the_job_that_runs() {
    let job = Job {
        id: "an id".into(),
        job_type: "mail".into(),
        attempt: 2,
        max_attempts: 5,
        accepted_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_234),
        deadline_left: Duration::from_millis(56),
        idempotency_key: Some("key".into()),
        traceparent: Some("00-a-b-01".into()),
        ..Job::default()
    };
    let accepted_at = job.accepted_at;
    let expected =
        ("an id", "mail", (2, 5), accepted_at, Duration::from_millis(56), (Some("key"), Some("00-a-b-01")));
    let output = job.run(all_getters, "").result.unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), format!("{expected:?}"));
}

#[test]
fn the_log_is_kept_in_order() {
    fn noisy(name: String) -> Result<(), Failure> {
        log::debug!("name {name}");
        log::info!("length {}", name.len());
        log::warn!("short");
        log::error!("{name} {name}");
        Err(Failure::retry("no"))
    }
    let run = Job::default().run(noisy, r#""Ada""#);
    let line = |level, message: &str| Line { level, message: message.into() };
    assert_eq!(run.result, Err(Failure::retry("no")));
    assert_eq!(
        run.log,
        [
            line(Level::Debug, "name Ada"),
            line(Level::Info, "length 3"),
            line(Level::Warn, "short"),
            line(Level::Error, "Ada Ada"),
        ]
    );
}

#[test]
fn outside_a_run_the_default_job_answers() {
    assert_eq!(context::attempt(), 1);
    log::info!("nobody keeps this");
}

#[test]
fn a_panic_leaves_no_job_behind() {
    fn fragile(_: ()) -> Result<(), Failure> {
        panic!("broken");
    }
    let job = Job { attempt: 7, ..Job::default() };
    assert!(catch_unwind(AssertUnwindSafe(|| job.run(fragile, ""))).is_err());
    assert_eq!(context::attempt(), 1);
}

#[test]
fn errors_of_other_types_become_retries() {
    fn parse(text: String) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }
    let run = Job::default().run(parse, r#""300""#);
    assert_eq!(run.result, Err(Failure::retry("number too large to fit in target type")));
}

#[test]
fn settings_and_secrets_are_those_of_the_job() {
    fn route(_: ()) -> Result<(Vec<String>, Option<String>, String), Failure> {
        Ok((config::names(), config::get("b"), secrets::get("KEY")?.reveal()))
    }
    let job = Job::default().with_config("b", "2").with_config("a", "1");
    assert_eq!(job.clone().with_secret("KEY", "s").run(route, "").result.unwrap(), br#"[["a","b"],"2","s"]"#);
    assert_eq!(
        job.run(route, "").result,
        Err(Failure::reject(
            "the job type has no grant for a secret `KEY`; its route names them in `grants.secrets`"
        ))
    );
}

#[test]
fn the_clock_stands_still() {
    fn times(_: ()) -> Result<bool, Failure> {
        Ok(clock::now() == context::accepted_at() + Duration::from_secs(1)
            && clock::monotonic() == Duration::ZERO)
    }
    assert_eq!(Job::default().run(times, "").result.unwrap(), b"true");
}

#[test]
fn random_numbers_follow_from_the_seed() {
    fn draw(bytes: usize) -> Result<Raw, Failure> {
        let first = random::number().to_le_bytes().to_vec();
        Ok(Raw([first, random::bytes(bytes)].concat()))
    }
    let drawn = |seed, payload: &str| Job { seed, ..Job::default() }.run(draw, payload).result.unwrap();
    assert_eq!(drawn(7, "100"), drawn(7, "100"));
    assert_ne!(drawn(7, "100"), drawn(8, "100"));
    // More than the host gives in one call.
    let many = drawn(7, "100000");
    assert_eq!(many.len(), 8 + 100_000);
    assert_ne!(many[8..16], many[8 + 65_536..16 + 65_536]);
}

#[test]
fn outside_a_run_nothing_is_granted() {
    assert!(secrets::get("KEY").is_err());
    assert!(matches!(http::get("https://a.example").send(), Err(http::Error::Denied(_))));
    assert_ne!(random::number(), random::number());
}
