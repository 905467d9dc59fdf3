//! The commands' side of the HTTP API: one server, requests with a deadline, problem documents turned into
//! sentences.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::failure::{Exit, Failure, Result};
use problem::Problem;
use token::Token;

pub(crate) mod problem;
pub(crate) mod token;

/// A Wasmill server. Cheap to clone; connections are kept and shared.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Scheme, host and port, and perhaps a path; no slash at the end.
    base: String,
    token: Option<Token>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A request that is being put together.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
}

/// What the server answered, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take. Compiling the largest module at deploy takes the longest.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

impl Server {
    /// # Errors
    /// When `url` is not an address that can be spoken to: not HTTP, or no host.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Failure::new(Exit::Usage, format_args!("`{url}` cannot be used as the server's address: {why}"))
                .advise("Write --server http://HOST:PORT, or set WASMILL_SERVER.")
        };
        let uri: Uri = url.parse().map_err(|_| wrong("it is not a URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(wrong(
                    "commands speak plain HTTP: run them beside the server, or through a tunnel (ssh -L 8420:127.0.0.1:8420 HOST)",
                ));
            }
            _ => return Err(wrong("it does not begin with http://")),
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { base: url.trim_end_matches('/').to_owned(), token: None, client })
    }

    /// Shows this token with each request.
    #[must_use]
    pub(crate) fn with_token(mut self, token: Option<Token>) -> Self {
        self.token = token;
        self
    }

    /// The server's address, without a slash at the end.
    pub(crate) fn address(&self) -> &str {
        &self.base
    }

    /// Sends the request; whatever status comes back is an answer.
    ///
    /// # Errors
    /// When no answer came.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer> {
        let mut request = Request::builder().method(call.method).uri(format!("{}{}", self.base, call.path));
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.header());
        }
        let request = request.body(Full::new(call.body)).map_err(|error| {
            Failure::new(Exit::Usage, format_args!("the request cannot be made: {error}"))
        })?;
        tokio::time::timeout(ANSWER_WITHIN, self.exchange(request))
            .await
            .map_err(|_| self.silent(&format!("no answer within {} s", ANSWER_WITHIN.as_secs())))?
    }

    /// Sends the request and takes anything but success as a failure, in the server's own words.
    pub(crate) async fn success(&self, call: Call) -> Result<Answer> {
        let answer = self.send(call).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(answer.refusal()) }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let response = self.client.request(request).await.map_err(|error| self.silent(&innermost(&error)))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| self.silent(&innermost(&error)))?;
        Ok(Answer { status, body: body.to_bytes() })
    }

    fn silent(&self, why: &str) -> Failure {
        Failure::new(Exit::Unreachable, format_args!("no answer from {}: {why}.", self.base))
            .passing()
            .advise("Is a mill running there? Another address goes into --server or WASMILL_SERVER.")
    }
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// Adds `name=value` to the query, encoded.
    #[must_use]
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(name);
        self.path.push('=');
        self.path.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.push((CONTENT_TYPE, content_type.to_owned()));
        self.body = body.into();
        self
    }

    /// Gives the request a JSON body.
    #[must_use]
    pub(crate) fn json(self, value: &impl serde::Serialize) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the API's request types hold only strings, numbers and lists"
        )]
        let body = serde_json::to_vec(value).expect("plain data serialises");
        self.body("application/json", body)
    }
}

impl Answer {
    /// Reads the body.
    ///
    /// # Errors
    /// When it is not what this command expects: another program answered, or another version.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::new(Exit::No, format_args!("the server's answer is not understood: {error}")).advise(
                "Is the server another version than this command? `wasmill --version` tells this one's.",
            )
        })
    }

    /// The failure this answer stands for.
    pub(crate) fn refusal(&self) -> Failure {
        let problem = Problem::of(self);
        let failure = Failure::new(Exit::No, &problem);
        let failure = if self.status.is_server_error() { failure.passing() } else { failure };
        match problem.advice() {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }
}

/// The cause at the bottom: "Connection refused" rather than "client error (Connect)".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
