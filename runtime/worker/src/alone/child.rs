//! The child's side: a process that runs the job it is given, answers, and waits for the next; and that ends when its
//! parent does.

use std::collections::HashMap;
use std::io;
use std::process::exit;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use bytes::Bytes;
use wasmill_job::{ModuleDigest, Outcome, SecretName};
use wasmill_sandbox::{Call, FindDestination, Handler, Interrupt, Permit, Sandbox};

use super::wire::{Garbled, Reply, Request, read, write};
use crate::handlers::LoadHandler;

/// Why a child had to end.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("the system gives it no thread: {0}")]
    Thread(#[source] io::Error),
    #[error("its parent cannot be understood: {0}")]
    Request(String),
    #[error("its parent cannot be answered: {0}")]
    Reply(String),
}

/// The whole life of a process that runs suspects for a worker, on its standard input and output, which nothing else in
/// the process may use. Does not return while the parent lives and makes sense; when the parent is gone it ends the
/// process, whatever runs in it.
///
/// # Errors
/// When it cannot understand or answer its parent: the process should end.
pub fn run_alone(sandbox: &Sandbox, load: &LoadHandler) -> Result<(), ChildError> {
    let (requests, received) = channel();
    let listening = thread::Builder::new().name("parent".into()).spawn(move || listen(&requests));
    listening.map_err(ChildError::Thread)?;
    say(&Reply::Ready)?;
    let mut handlers = HashMap::new();
    for request in received {
        let request = Request::of(&request).map_err(|error| ChildError::Request(error.to_string()))?;
        match prepare(&mut handlers, &request, load) {
            Ok((handler, permit)) => {
                say(&Reply::Started)?;
                say(&Reply::Ended(run(sandbox, &handler, &permit, &request)))?;
            }
            Err(reason) => say(&Reply::Unready(reason))?,
        }
    }
    Ok(())
}

/// Passes on what the parent asks. Its own thread, because the parent's death must be seen while a handler runs. (The
/// kernel's parent-death signal would not do: it is sent when the *thread* ends that started the child.)
fn listen(requests: &Sender<Bytes>) {
    let mut parent = io::stdin().lock();
    loop {
        match read(&mut parent) {
            Ok(Some(request)) => {
                if requests.send(request).is_err() {
                    return;
                }
            }
            // The parent has closed, or is gone: nobody wants an answer.
            Ok(None) | Err(_) => end(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a guest may run on the main thread, and nothing is left to drain"
)]
fn end() -> ! {
    exit(0)
}

/// The handler and what it may reach; or why this process cannot run the job, which is nothing that the job did.
fn prepare(
    handlers: &mut HashMap<ModuleDigest, Handler>,
    request: &Request,
    load: &LoadHandler,
) -> Result<(Handler, Permit), String> {
    let handler = match handlers.get(&request.module) {
        Some(handler) => handler.clone(),
        None => load(request.module).map_err(|error| format!("the handler could not be loaded: {error}"))?,
    };
    handlers.insert(request.module, handler.clone());
    let secret = |name: &SecretName| {
        request.secrets.get(name).cloned().ok_or_else(|| "the worker sent none".to_owned())
    };
    let destinations = request.destinations.clone();
    let destination: FindDestination = Arc::new(move |job_type| destinations.get(job_type).copied());
    let permit = Permit::new(&request.job.job_type, &request.grants, secret, destination)
        .map_err(|error| format!("the handler's grants cannot be given: {error}"))?;
    Ok((handler, permit))
}

fn run(sandbox: &Sandbox, handler: &Handler, permit: &Permit, request: &Request) -> Outcome {
    let Request { job, attempt, max_attempts, limits, .. } = request;
    let call = Call { job, attempt: *attempt, max_attempts: *max_attempts, permit };
    // Never raised: whoever wants the guest to stop kills the process.
    sandbox.run(handler, &call, limits, &Interrupt::new())
}

fn say(reply: &Reply) -> Result<(), ChildError> {
    let unsaid = |error: Garbled| ChildError::Reply(error.to_string());
    let frame = reply.to_frame().map_err(unsaid)?;
    write(&mut io::stdout().lock(), &frame).map_err(|error| unsaid(error.into()))
}
