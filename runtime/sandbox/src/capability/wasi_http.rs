//! `wasi:http` for modules that were not made for us: the same gate, the same rules and the same allowance as `http`.

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use wasmill_egress::{AllowList, Egress, EgressError, HeaderText};
use wasmtime::component::Linker;
use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::http::Outbound;
use crate::guest::{Guest, Watch};

/// One guest's side of it.
pub(crate) struct WasiHttp {
    ctx: WasiHttpCtx,
    gate: Gate,
}

struct Gate {
    allowed: AllowList,
    egress: Option<Egress>,
    outbound: Outbound,
    watch: Watch,
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Error>;
type Exchanged = (http::Response<Body>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// What a request's body may have: the gate's own limit is lower or the same.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Fields of a header in the host's memory.
const HEADER_BYTES_MAX: usize = 64 << 10;

pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

impl WasiHttp {
    fn new(allowed: AllowList, egress: Option<Egress>, outbound: Outbound, watch: Watch) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(HEADER_BYTES_MAX);
        Self { ctx, gate: Gate { allowed, egress, outbound, watch } }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let watch = self.watch();
        let Self { wasi_http, table, permit, io, http, .. } = self;
        let make =
            || Box::new(WasiHttp::new(permit.http().clone(), io.egress().cloned(), http.clone(), watch));
        let WasiHttp { ctx, gate } = &mut **wasi_http.get_or_insert_with(make);
        WasiHttpCtxView { hooks: gate, table, ctx }
    }
}

impl WasiHttpHooks for Gate {
    fn send_request(
        &mut self,
        request: http::Request<Body>,
        options: Option<RequestOptions>,
        _told: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let Self { allowed, egress, outbound, watch } = self;
        let (allowed, egress, outbound) = (allowed.clone(), egress.clone(), outbound.clone());
        let timeout = timeout_of(options).min(watch.left());
        Box::new(async move {
            let Some(egress) = egress else { return Err(Error::HttpRequestDenied) };
            let began = Instant::now();
            let request = whole(request).await?;
            let mut part = outbound.lend();
            let answer = egress.send(&allowed, request, &mut part, timeout).await;
            outbound.give_back(part, began.elapsed());
            let response = answer.map_err(wasi_error)?;
            Ok((wasi_response(response)?, Box::new(async { Ok(()) }) as _))
        })
    }
}

/// How long the guest would wait, all in all.
fn timeout_of(options: Option<RequestOptions>) -> Duration {
    let Some(options) = options else { return Duration::MAX };
    let connect = options.connect_timeout.unwrap_or(Duration::MAX);
    connect.saturating_add(options.first_byte_timeout.unwrap_or(Duration::MAX))
}

/// The request with its whole body.
async fn whole(request: http::Request<Body>) -> Result<wasmill_egress::Request, Error> {
    let (head, body) = request.into_parts();
    let too_large = |_| Error::HttpRequestBodySize(Some(BODY_BYTES_MAX as u64));
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(too_large)?.to_bytes();
    // The gate sets the host by the address, which is what was judged; and the length by the body.
    let own = |name: &http::HeaderName| *name == http::header::HOST || *name == http::header::CONTENT_LENGTH;
    let headers = head.headers.iter().filter(|(name, _)| !own(name));
    Ok(wasmill_egress::Request {
        method: head.method.as_str().to_owned(),
        url: head.uri.to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), HeaderText::plain(value.as_bytes())))
            .collect(),
        body,
    })
}

fn wasi_response(response: wasmill_egress::Response) -> Result<http::Response<Body>, Error> {
    let mut builder = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value.as_slice());
    }
    let body = Full::new(response.body).map_err(Error::from).boxed_unsync();
    builder.body(body).map_err(|_| Error::HttpProtocolError)
}

fn wasi_error(error: EgressError) -> Error {
    match error {
        EgressError::Denied { .. } | EgressError::Spent(_) => Error::HttpRequestDenied,
        EgressError::Invalid { .. } => Error::HttpRequestUriInvalid,
        EgressError::Timeout { .. } => Error::HttpResponseTimeout,
        EgressError::Failed { .. } => Error::ConnectionTerminated,
        EgressError::TooLarge { limit, .. } => Error::HttpResponseBodySize(Some(limit)),
    }
}
