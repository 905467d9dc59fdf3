//! A request that has been checked, and how it stands on each protocol. Pure.

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue};
use http::uri::{PathAndQuery, Scheme as UriScheme};
use http::{Method as HttpMethod, Uri};
use http_body_util::Full;

use crate::address::Reach;
use crate::allow_list::AllowList;
use crate::config::Limits;
use crate::error::{EgressError, Part};
use crate::headers;
use crate::message::Request;
use crate::method::Method;
use crate::origin::{Origin, Scheme};
use crate::target::Target;

/// A request that one rule of its list grants and that is within the limits.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) origin: Origin,
    pub(crate) reach: Reach,
    /// URL, header and body.
    pub(crate) bytes: u64,
    method: HttpMethod,
    path_and_query: PathAndQuery,
    headers: HeaderMap,
    body: Bytes,
}

impl Outgoing {
    pub(crate) fn check(list: &AllowList, request: Request, limits: &Limits) -> Result<Self, EgressError> {
        if request.url.len() > limits.url_bytes {
            return Err(EgressError::TooLarge { part: Part::Url, limit: limits.url_bytes as u64 });
        }
        let method: Method = request.method.parse().map_err(|reason: String| EgressError::invalid(reason))?;
        let target = Target::parse(&request.url)?;
        let rule = list.judge(method, &target)?;
        let body_bytes = request.body.len() as u64;
        if body_bytes > limits.request_body_bytes {
            return Err(EgressError::TooLarge { part: Part::RequestBody, limit: limits.request_body_bytes });
        }
        let (headers, header_bytes) = headers::outgoing(&request.headers, request.body.len(), limits)?;
        let path_and_query = PathAndQuery::try_from(target.path_and_query()).map_err(|_| {
            EgressError::invalid("the URL has a character in path or query that must be percent-encoded")
        })?;
        let method = HttpMethod::from_bytes(method.as_str().as_bytes())
            .map_err(|_| EgressError::invalid("the method cannot be sent"))?;
        Ok(Self {
            origin: target.origin().clone(),
            reach: rule.reach(),
            bytes: request.url.len() as u64 + header_bytes + body_bytes,
            method,
            path_and_query,
            headers,
            body: request.body,
        })
    }

    /// With path alone and `Host`, as a server of HTTP/1.1 is asked (RFC 9112, 3.2.1).
    pub(crate) fn for_http1(&self) -> Result<http::Request<Full<Bytes>>, EgressError> {
        let mut request = self.with_uri(Uri::from(self.path_and_query.clone()));
        let host = HeaderValue::try_from(self.origin.authority()).map_err(|_| unsendable())?;
        request.headers_mut().insert(HOST, host);
        Ok(request)
    }

    /// With scheme and authority, which become pseudo-headers (RFC 9113, 8.3.1).
    pub(crate) fn for_http2(&self) -> Result<http::Request<Full<Bytes>>, EgressError> {
        let scheme = match self.origin.scheme() {
            Scheme::Http => UriScheme::HTTP,
            Scheme::Https => UriScheme::HTTPS,
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(self.origin.authority())
            .path_and_query(self.path_and_query.clone())
            .build()
            .map_err(|_| unsendable())?;
        Ok(self.with_uri(uri))
    }

    fn with_uri(&self, uri: Uri) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request
    }
}

fn unsendable() -> EgressError {
    EgressError::invalid("the host of the URL cannot stand in a request")
}
