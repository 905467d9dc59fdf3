//! The commands: one file each.

use clap::Subcommand;

use crate::failure::{Exit, Failure, Result};

pub(crate) mod apply;
mod change;
mod check;
pub(crate) mod compile_alone;
mod completions;
mod dead;
mod demo;
mod deploy;
mod dev;
mod diff;
mod enqueue;
mod export;
mod history;
mod init;
pub(crate) mod job;
mod job_types;
mod listen;
mod logs;
mod modules;
mod new;
mod queue;
mod queues;
mod relay;
mod rollback;
mod routes;
mod run;
pub(crate) mod run_alone;
mod stats;
pub(crate) mod status;
mod target;
mod token;
mod top;
mod topics;
mod when;
mod workers;

/// What wasmill can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Dev(dev::Dev),
    Serve(dev::Serve),
    Gateway(dev::Gateway),
    Console(dev::Console),
    Relay(relay::Relay),
    Worker(dev::Worker),
    Demo(demo::Demo),
    New(new::New),
    Init(init::Init),
    Deploy(deploy::Deploy),
    Apply(apply::Apply),
    Diff(diff::Diff),
    History(history::History),
    Rollback(rollback::Rollback),
    Export(export::Export),
    Types(job_types::JobTypes),
    Queues(queues::Queues),
    Modules(modules::Modules),
    Enqueue(enqueue::Enqueue),
    Job(job::Job),
    Dead(dead::Dead),
    Queue(queue::Queue),
    Topics(topics::Topics),
    Status(status::Status),
    Top(top::Top),
    Stats(stats::Stats),
    Workers(workers::Workers),
    Logs(logs::Logs),
    Run(run::Run),
    Check(check::Check),
    Token(token::Token),
    Completions(completions::Completions),
    #[command(hide = true)]
    RunAlone(run_alone::RunAlone),
    #[command(hide = true)]
    CompileAlone(compile_alone::CompileAlone),
}

impl Command {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> Result<()> {
        use tokio::runtime::Builder;
        match self {
            Self::Dev(dev) => inside(&mut Builder::new_multi_thread(), dev.run()),
            Self::Serve(serve) => inside(&mut Builder::new_multi_thread(), serve.run()),
            Self::Gateway(gateway) => inside(&mut Builder::new_multi_thread(), gateway.run()),
            Self::Console(console) => inside(&mut Builder::new_multi_thread(), console.run()),
            Self::Relay(relay) => inside(&mut Builder::new_multi_thread(), relay.run()),
            Self::Worker(worker) => inside(&mut Builder::new_multi_thread(), worker.run()),
            Self::Demo(demo) => inside(&mut Builder::new_multi_thread(), demo.run()),
            // What only asks a server needs no more than this thread.
            Self::Deploy(deploy) => inside(&mut Builder::new_current_thread(), deploy.run()),
            Self::Apply(apply) => inside(&mut Builder::new_current_thread(), apply.run()),
            Self::Diff(diff) => inside(&mut Builder::new_current_thread(), diff.run()),
            Self::History(history) => inside(&mut Builder::new_current_thread(), history.run()),
            Self::Rollback(rollback) => inside(&mut Builder::new_current_thread(), rollback.run()),
            Self::Export(export) => inside(&mut Builder::new_current_thread(), export.run()),
            Self::Types(types) => inside(&mut Builder::new_current_thread(), types.run()),
            Self::Queues(queues) => inside(&mut Builder::new_current_thread(), queues.run()),
            Self::Modules(modules) => inside(&mut Builder::new_current_thread(), modules.run()),
            Self::Enqueue(enqueue) => inside(&mut Builder::new_current_thread(), enqueue.run()),
            Self::Job(job) => inside(&mut Builder::new_current_thread(), job.run()),
            Self::Dead(dead) => inside(&mut Builder::new_current_thread(), dead.run()),
            Self::Queue(queue) => inside(&mut Builder::new_current_thread(), queue.run()),
            Self::Topics(topics) => inside(&mut Builder::new_current_thread(), topics.run()),
            Self::Status(status) => inside(&mut Builder::new_current_thread(), status.run()),
            Self::Top(top) => inside(&mut Builder::new_current_thread(), top.run()),
            Self::Stats(stats) => inside(&mut Builder::new_current_thread(), stats.run()),
            Self::Workers(workers) => inside(&mut Builder::new_current_thread(), workers.run()),
            Self::Logs(logs) => inside(&mut Builder::new_current_thread(), logs.run()),
            Self::Token(token) => inside(&mut Builder::new_current_thread(), token.run()),
            Self::New(new) => new.run(),
            Self::Init(init) => init.run(),
            Self::Run(run) => run.run(),
            Self::Check(check) => check.run(),
            Self::CompileAlone(alone) => alone.run(),
            Self::Completions(completions) => completions.run(),
            // One thread: jobs and what they wait for have their own.
            Self::RunAlone(alone) => inside(Builder::new_multi_thread().worker_threads(1), alone.run()),
        }
    }
}

fn inside(builder: &mut tokio::runtime::Builder, command: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = builder.enable_all().build().map_err(|error| {
        Failure::new(Exit::No, format_args!("the system gives this process no threads or events: {error}."))
    })?;
    let ended = runtime.block_on(command);
    // What still blocks, a read of the standard input for instance, must not hold up the end.
    runtime.shutdown_background();
    ended
}
