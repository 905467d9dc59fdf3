//! HTTP under test: who answers, what was asked, and the stand-in for the host.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::http::Error;

/// Who answers the requests of a job under test.
#[derive(Clone)]
pub struct Http(Rc<RefCell<Answer>>);

type Answer = dyn FnMut(&Request) -> Result<Response, Error>;

/// A request as it would go over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub url: String,
    /// In the order they were added, names in small letters; secrets are filled in.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub timeout: Duration,
}

/// A response for the handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The contract's default.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Http {
    /// Answers by a function.
    pub fn closure(answer: impl FnMut(&Request) -> Result<Response, Error> + 'static) -> Self {
        Self(Rc::new(RefCell::new(answer)))
    }

    /// Answers these, in order, each to the request with its method and address. A request that is not the next one
    /// fails the test.
    pub fn script<'a>(steps: impl IntoIterator<Item = (&'a str, &'a str, Result<Response, Error>)>) -> Self {
        let mut steps: VecDeque<_> = steps
            .into_iter()
            .map(|(method, url, answer)| (method.to_owned(), url.to_owned(), answer))
            .collect();
        Self::closure(move |request| {
            let Some((method, url, answer)) = steps.pop_front() else {
                panic!("{} {} comes after the script's end", request.method, request.url);
            };
            assert_eq!(
                (&request.method, &request.url),
                (&method, &url),
                "another request than the script's next one"
            );
            answer
        })
    }
}

/// Denies everything, as a route without a grant does.
impl Default for Http {
    fn default() -> Self {
        Self::closure(|request| {
            Err(Error::Denied(format!("{}: the test's Job has no `http` that answers", request.url)))
        })
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http(…)")
    }
}

impl Request {
    /// The first header of this name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

impl Response {
    /// A response without a body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A response with a body of JSON.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }.header("content-type", "application/json")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }
}

fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The stand-in for the host's interface.
pub(crate) mod host {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use crate::http::Error;
    use crate::testing::host::secrets::Secret;
    use crate::testing::running::with;

    pub(crate) struct Request(RefCell<super::Request>);

    pub(crate) struct Response(super::Response);

    pub(crate) fn send(request: Request) -> Result<Response, Error> {
        let request = request.0.into_inner();
        let http = with(|running| {
            running.requests.push(request.clone());
            Rc::clone(&running.job.http.0)
        });
        let mut answer = http.borrow_mut();
        answer(&request).map(Response)
    }

    impl Request {
        pub(crate) fn new(method: &str, url: &str) -> Self {
            let (method, url) = (method.into(), url.into());
            Self(RefCell::new(super::Request {
                method,
                url,
                headers: Vec::new(),
                body: Vec::new(),
                timeout: super::TIMEOUT,
            }))
        }

        pub(crate) fn header(&self, name: &str, value: &str) {
            self.0.borrow_mut().headers.push((name.to_ascii_lowercase(), value.into()));
        }

        pub(crate) fn secret_header(&self, name: &str, prefix: &str, value: &Secret) {
            self.header(name, &format!("{prefix}{}", value.reveal()));
        }

        pub(crate) fn body(&self, bytes: &[u8]) {
            self.0.borrow_mut().body = bytes.into();
        }

        pub(crate) fn timeout_ms(&self, milliseconds: u64) {
            self.0.borrow_mut().timeout = Duration::from_millis(milliseconds);
        }
    }

    impl Response {
        pub(crate) fn status(&self) -> u16 {
            self.0.status
        }

        pub(crate) fn header(&self, name: &str) -> Option<String> {
            super::first(&self.0.headers, name).map(Into::into)
        }

        pub(crate) fn headers(&self) -> Vec<(String, String)> {
            self.0.headers.clone()
        }

        pub(crate) fn body(&self) -> Vec<u8> {
            self.0.body.clone()
        }
    }
}
