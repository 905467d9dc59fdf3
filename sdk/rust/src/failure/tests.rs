//! How failures are made and what they say.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Failure;

#[derive(Debug)]
struct Upper(std::num::ParseIntError);

impl fmt::Display for Upper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no port")
    }
}

impl Error for Upper {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn any_error_becomes_a_retry_with_its_sources() {
    fn port(text: &str) -> Result<u16, Failure> {
        Ok(text.parse().map_err(Upper)?)
    }
    assert_eq!(port("80"), Ok(80));
    assert_eq!(port("many"), Err(Failure::retry("no port: invalid digit found in string")));
}

#[test]
fn an_error_can_be_made_a_reject() {
    let failure = "many".parse::<u16>().map_err(Failure::reject);
    assert_eq!(failure, Err(Failure::reject("invalid digit found in string")));
}

#[test]
fn a_delay_belongs_to_a_retry() {
    let delay = Duration::from_secs(30);
    let later = Failure::retry("busy").after(delay);
    assert_eq!(later, Failure::Retry { message: "busy".into(), after: Some(delay) });
    assert_eq!(Failure::reject("never").after(delay), Failure::reject("never"));
}

#[test]
fn a_failure_reads_as_what_it_does() {
    assert_eq!(Failure::retry("busy").to_string(), "retry: busy");
    assert_eq!(Failure::retry("busy").after(Duration::from_secs(2)).to_string(), "retry after 2s: busy");
    assert_eq!(Failure::reject("no").to_string(), "reject: no");
    assert_eq!(Failure::reject("no").message(), "no");
}
