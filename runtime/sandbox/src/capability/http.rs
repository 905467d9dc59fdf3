//! Calls to HTTP services, through the one gate of `wasmill-egress`: what a route grants, to addresses that were checked.
//! What a request and a response hold counts as the guest's memory.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmill_egress::{Allowance, EgressError, HeaderText};
use wasmill_job::{Import, ImportUsage};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::secrets::Secret;
use crate::guest::{Guest, Halt};
use crate::ticker::TICK;
use crate::world::http::{self, Error};

/// A request that a handler is building.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "generated code names it")]
pub struct Request {
    inner: wasmill_egress::Request,
    timeout: Duration,
    /// Bytes that count as the guest's memory.
    held: u64,
}

/// A response, whole.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "generated code names it")]
pub struct Response {
    inner: wasmill_egress::Response,
    held: u64,
}

/// What an attempt's calls may still use, and what those of `wasi:http` have used. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Outbound(Arc<Mutex<Account>>);

#[derive(Debug)]
struct Account {
    allowance: Allowance,
    /// Calls that were made beside the meter.
    usage: ImportUsage,
}

/// How long a handler waits that does not say.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What a request or a response costs the host besides its texts, and what a header does.
const MESSAGE_BYTES: u64 = 512;
const HEADER_BYTES: u64 = 64;

impl Outbound {
    pub(crate) fn new(allowance: Allowance) -> Self {
        Self(Arc::new(Mutex::new(Account { allowance, usage: ImportUsage::default() })))
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        // Nothing panics while it is held; and if it did, the numbers would still be right.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call, and all bytes that are left, for a call that begins.
    pub(crate) fn lend(&self) -> Allowance {
        self.account().allowance.lend(1, u64::MAX)
    }

    /// What a call has left of that.
    fn take_back(&self, part: Allowance) {
        self.account().allowance.give_back(part);
    }

    /// The same, for a call that no meter has counted and that took so long.
    pub(crate) fn give_back(&self, part: Allowance, wait: Duration) {
        let mut account = self.account();
        account.allowance.give_back(part);
        account.usage.calls += 1;
        account.usage.wall_us += u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
    }

    /// What was used beside the meter.
    pub(crate) fn usage(&self) -> ImportUsage {
        self.account().usage
    }
}

impl Guest {
    fn request(&mut self, request: &Resource<Request>, bytes: usize) -> Result<&mut Request> {
        self.meter.call(Import::Http, bytes)?;
        let held = bytes as u64 + HEADER_BYTES;
        if !self.budget.hold(held) {
            return Err(Halt::Memory.into());
        }
        let request = self.table.get_mut(request)?;
        request.held += held;
        Ok(request)
    }

    fn response(&mut self, response: &Resource<Response>) -> Result<&Response> {
        self.meter.call(Import::Http, 0)?;
        Ok(self.table.get(response)?)
    }

    /// Sends it and waits, on this thread; looks at the clock meanwhile.
    fn exchange(&mut self, request: Request) -> Result<std::result::Result<Resource<Response>, Error>> {
        let allowed = self.permit.http().clone();
        let Some(egress) = self.io.egress().cloned() else {
            return Ok(Err(Error::Denied("this process makes no HTTP calls".to_owned())));
        };
        let Some(io) = self.io.handle().cloned() else {
            return Ok(Err(Error::Other("this worker has no thread for calls".to_owned())));
        };
        let timeout = request.timeout.min(self.left());
        let mut part = self.http.lend();
        let (tell, told) = sync_channel(1);
        let began = Instant::now();
        let task = io.spawn(async move {
            let answer = egress.send(&allowed, request.inner, &mut part, timeout).await;
            // Nobody listens any more when the guest was stopped.
            let _ = tell.send((answer, part));
        });
        let watch = self.watch();
        let answer = loop {
            match told.recv_timeout(TICK) {
                Ok((answer, part)) => {
                    self.http.take_back(part);
                    break answer;
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(halt) = watch.look() {
                        task.abort();
                        return Err(halt.into());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(Error::Other("the call failed inside; see the worker's log".to_owned())));
                }
            }
        };
        self.meter.add_wait(Import::Http, began.elapsed());
        // A call that ran out of time with the attempt is no failure that the guest could still answer.
        watch.look()?;
        match answer {
            Ok(inner) => self.keep(inner).map(Ok),
            Err(error) => Ok(Err(error.into())),
        }
    }

    fn keep(&mut self, inner: wasmill_egress::Response) -> Result<Resource<Response>> {
        let headers: usize = inner.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let bytes = inner.body.len() + headers;
        self.meter.add_bytes(Import::Http, bytes);
        let held = bytes as u64 + MESSAGE_BYTES + HEADER_BYTES * inner.headers.len() as u64;
        if !self.budget.hold(held) {
            return Err(Halt::Memory.into());
        }
        Ok(self.table.push(Response { inner, held })?)
    }
}

impl http::Host for Guest {
    fn send(&mut self, request: Resource<Request>) -> Result<std::result::Result<Resource<Response>, Error>> {
        self.meter.call(Import::Http, 0)?;
        let request = self.table.delete(request)?;
        let held = request.held;
        let answer = self.exchange(request);
        self.budget.release(held);
        answer
    }
}

impl http::HostRequest for Guest {
    fn new(&mut self, method: String, url: String) -> Result<Resource<Request>> {
        let bytes = method.len() + url.len();
        self.meter.call(Import::Http, bytes)?;
        let held = bytes as u64 + MESSAGE_BYTES;
        if !self.budget.hold(held) {
            return Err(Halt::Memory.into());
        }
        let inner = wasmill_egress::Request { method, url, headers: Vec::new(), body: Bytes::new() };
        Ok(self.table.push(Request { inner, timeout: TIMEOUT, held })?)
    }

    fn header(&mut self, request: Resource<Request>, name: String, value: String) -> Result<()> {
        let request = self.request(&request, name.len() + value.len())?;
        request.inner.headers.push((name, HeaderText::plain(value)));
        Ok(())
    }

    fn secret_header(
        &mut self,
        request: Resource<Request>,
        name: String,
        prefix: String,
        value: Resource<Secret>,
    ) -> Result<()> {
        let secret = self.table.get(&value)?.clone();
        let text = format!("{prefix}{}", secret.value());
        let request = self.request(&request, name.len() + text.len())?;
        request.inner.headers.push((name, HeaderText::secret(text)));
        Ok(())
    }

    fn body(&mut self, request: Resource<Request>, bytes: Vec<u8>) -> Result<()> {
        let request = self.request(&request, bytes.len())?;
        request.inner.body = bytes.into();
        Ok(())
    }

    fn timeout_ms(&mut self, request: Resource<Request>, milliseconds: u64) -> Result<()> {
        self.request(&request, 0)?.timeout = Duration::from_millis(milliseconds);
        Ok(())
    }

    fn drop(&mut self, request: Resource<Request>) -> Result<()> {
        let held = self.table.delete(request)?.held;
        self.budget.release(held);
        Ok(())
    }
}

impl http::HostResponse for Guest {
    fn status(&mut self, response: Resource<Response>) -> Result<u16> {
        Ok(self.response(&response)?.inner.status)
    }

    fn header(&mut self, response: Resource<Response>, name: String) -> Result<Option<String>> {
        let headers = &self.response(&response)?.inner.headers;
        let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        Ok(found.map(|(_, value)| text_of(value)))
    }

    fn headers(&mut self, response: Resource<Response>) -> Result<Vec<(String, String)>> {
        let headers = &self.response(&response)?.inner.headers;
        Ok(headers.iter().map(|(name, value)| (name.clone(), text_of(value))).collect())
    }

    fn body(&mut self, response: Resource<Response>) -> Result<Vec<u8>> {
        Ok(self.response(&response)?.inner.body.to_vec())
    }

    fn drop(&mut self, response: Resource<Response>) -> Result<()> {
        let held = self.table.delete(response)?.held;
        self.budget.release(held);
        Ok(())
    }
}

/// A header's value as text: as it is, if it is ASCII, and else with the bytes beyond it escaped.
fn text_of(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => value.escape_ascii().to_string(),
    }
}

impl From<EgressError> for Error {
    fn from(error: EgressError) -> Self {
        let text = error.to_string();
        match error {
            EgressError::Denied { .. } | EgressError::Spent(_) => Self::Denied(text),
            EgressError::Invalid { .. } => Self::Invalid(text),
            EgressError::Timeout { .. } => Self::Timeout(text),
            EgressError::Failed { .. } => Self::Failed(text),
            EgressError::TooLarge { .. } => Self::TooLarge(text),
        }
    }
}
