//! The child's side: a process that runs the job it is given, answers, and waits for the next; and that ends when its
//! parent does.

use std::collections::HashMap;
use std::io;
use std::process::exit;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use bytes::Bytes;
use wasmill_job::{End, ModuleDigest, Outcome, SecretName, Stop};
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
        let handler = handler(&mut handlers, request.module, load);
        say(&Reply::Started)?;
        let outcome = match handler {
            Ok(handler) => run(sandbox, &handler, request),
            Err(message) => could_not_start(message),
        };
        say(&Reply::Ended(outcome))?;
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

fn handler(
    handlers: &mut HashMap<ModuleDigest, Handler>,
    module: ModuleDigest,
    load: &LoadHandler,
) -> Result<Handler, String> {
    if let Some(handler) = handlers.get(&module) {
        return Ok(handler.clone());
    }
    let handler = load(module).map_err(|error| format!("the handler could not be loaded: {error}"))?;
    handlers.insert(module, handler.clone());
    Ok(handler)
}

fn run(sandbox: &Sandbox, handler: &Handler, request: Request) -> Outcome {
    let Request { job, attempt, max_attempts, limits, grants, secrets, destinations, .. } = request;
    let secret =
        |name: &SecretName| secrets.get(name).cloned().ok_or_else(|| "the worker sent none".to_owned());
    let destination: FindDestination = Arc::new(move |job_type| destinations.get(job_type).copied());
    let permit = match Permit::new(&job.job_type, &grants, secret, destination) {
        Ok(permit) => permit,
        Err(error) => return could_not_start(format!("the handler's grants cannot be given: {error}")),
    };
    let call = Call { job: &job, attempt, max_attempts, permit: &permit };
    // Never raised: whoever wants the guest to stop kills the process.
    sandbox.run(handler, &call, &limits, &Interrupt::new())
}

fn could_not_start(message: String) -> Outcome {
    Outcome::bare(End::Stopped { stop: Stop::Host, message })
}

fn say(reply: &Reply) -> Result<(), ChildError> {
    let unsaid = |error: Garbled| ChildError::Reply(error.to_string());
    let frame = reply.to_frame().map_err(unsaid)?;
    write(&mut io::stdout().lock(), &frame).map_err(|error| unsaid(error.into()))
}
