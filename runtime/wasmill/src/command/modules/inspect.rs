//! `wasmill modules inspect`: what a module is, what its route must grant, and what changed since the version before.

use std::path::Path;

use bytesize::ByteSize;
use clap::Args;
use semver::Version;
use serde::{Deserialize, Serialize};
use wasmill_job::{ModuleDigest, ModuleTag};

use super::portrait::{Changed, Difference, Portrait};
use crate::client::{Call, Server};
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{BOLD, DIM, GREEN, RED, YELLOW, print, styled};

/// Show what a module is: its world, its imports, what its route must grant, and what compiling it takes
///
/// Takes a file, or a version that the server has, which is compared to the version before it. Nothing of it runs; it is
/// compiled on this machine, in a process with limits.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A file, or a version on the server, such as welcome@1.4.2
    #[arg(value_name = "FILE.wasm|NAME@VERSION")]
    module: String,
    /// Compare it to this one: a file, or a version on the server
    #[arg(long, value_name = "FILE.wasm|NAME@VERSION")]
    against: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Where a module's bytes are.
enum Source {
    File(String),
    Server(ModuleTag),
}

/// Everything as JSON.
#[derive(Serialize)]
struct Report<'r> {
    #[serde(flatten)]
    portrait: &'r Portrait,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<&'r Difference>,
}

/// The answer of `GET /v1/modules`.
#[derive(Deserialize)]
struct List {
    modules: Vec<Row>,
}

/// One module.
#[derive(Deserialize)]
struct Row {
    digest: ModuleDigest,
    tags: Vec<ModuleTag>,
}

impl Inspect {
    pub(crate) async fn run(self) -> Result<()> {
        let source = Source::of(&self.module)?;
        let portrait = portrait(&source, &self.target).await?;
        let against = match (&self.against, &source) {
            (Some(other), _) => Some(Source::of(other)?),
            (None, Source::Server(tag)) => {
                let tags = list(&self.target.server()?).await?;
                before(tag, tags.modules.iter().flat_map(|row| &row.tags)).map(Source::Server)
            }
            (None, Source::File(_)) => None,
        };
        let difference = match against {
            Some(against) => Some(portrait.since(&self::portrait(&against, &self.target).await?)),
            None => None,
        };
        if self.json {
            let report = Report { portrait: &portrait, difference: difference.as_ref() };
            let text = serde_json::to_string(&report).map_err(|error| Failure::new(Exit::No, error))?;
            return print(&format!("{text}\n"));
        }
        print(&told(&portrait))?;
        difference.map_or(Ok(()), |difference| print(&compared(&difference)))
    }
}

impl Source {
    /// What is a file is one; else what reads like a version is looked for on the server.
    fn of(name: &str) -> Result<Self> {
        match name.parse() {
            Ok(tag) if !Path::new(name).exists() => Ok(Self::Server(tag)),
            Err(_) if !Path::new(name).exists() => {
                Err(Failure::new(Exit::Usage, format_args!("there is no file {name}."))
                    .advise("A module on the server is named by its version, such as welcome@1.4.2."))
            }
            _ => Ok(Self::File(name.to_owned())),
        }
    }
}

async fn portrait(source: &Source, target: &Target) -> Result<Portrait> {
    let (name, bytes) = match source {
        Source::File(file) => {
            let bytes = tokio::fs::read(file).await.map_err(|error| Failure::unreadable(file, &error))?;
            (file.clone(), bytes.into())
        }
        Source::Server(tag) => {
            let server = target.server()?;
            let list = list(&server).await?;
            let found = list.modules.iter().find(|row| row.tags.contains(tag));
            let Row { digest, .. } = found.ok_or_else(|| {
                Failure::new(Exit::No, format_args!("the server has no module {tag}."))
                    .advise("`wasmill deploy` gives it one; a file on this machine is named by its path.")
            })?;
            let answer = server.success(Call::get(format!("/v1/modules/{digest}"))).await?;
            (tag.to_string(), answer.body)
        }
    };
    Portrait::of(&name, &bytes)
}

async fn list(server: &Server) -> Result<List> {
    server.success(Call::get("/v1/modules")).await?.read()
}

/// The version of the same name that comes before `tag`, in the order of semantic versions. Others have none before them.
fn before<'t>(tag: &ModuleTag, tags: impl Iterator<Item = &'t ModuleTag>) -> Option<ModuleTag> {
    let version = |tag: &ModuleTag| Version::parse(tag.version()).ok();
    let own = version(tag)?;
    let earlier = tags
        .filter(|other| other.name() == tag.name())
        .filter_map(|other| Some((version(other)?, other)))
        .filter(|(version, _)| *version < own);
    earlier.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, tag)| tag.clone())
}

fn told(portrait: &Portrait) -> String {
    let Portrait { module, digest, size_bytes, component_bytes, world, .. } = portrait;
    let size = |bytes: u64| ByteSize(bytes).display().iec().to_string();
    let mut size_line = size(*size_bytes as u64);
    if component_bytes != size_bytes {
        size_line += &format!(", {} as a component", size(*component_bytes as u64));
    }
    let asks = if portrait.asks.is_empty() { "nothing".into() } else { portrait.asks.join(", ") };
    let compile = format!("{} ms, {} of machine code", portrait.compile_ms, size(portrait.code_bytes));
    let mut text = format!("{}\n", styled(BOLD, module));
    for (name, value) in [
        ("digest", format!("sha256:{digest}")),
        ("size", size_line),
        ("compile", compile),
        ("world", (*world).to_owned()),
        ("asks for", asks),
        ("imports", several(&portrait.imports)),
        ("exports", several(&portrait.exports)),
    ] {
        text += &format!("{}  {value}\n", styled(DIM, format_args!("{name:<8}")));
    }
    text
}

/// One below the other, in the column of values.
fn several(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join("\n          ") }
}

fn compared(difference: &Difference) -> String {
    let Difference { against, size_bytes, code_bytes, compile_ms, .. } = difference;
    let mut text = format!("\n{}\n", styled(BOLD, format_args!("since {against}")));
    if difference.same_bytes {
        return text + "the same bytes\n";
    }
    text += &format!(
        "{}  {size_bytes:+} bytes, machine code {code_bytes:+} bytes, compiled in {compile_ms:+} ms\n",
        styled(DIM, "size    ")
    );
    if let Some(world) = difference.world_before {
        text += &format!("{}  {}\n", styled(DIM, "world   "), styled(YELLOW, format_args!("was {world}")));
    }
    for (name, changed) in
        [("asks for", &difference.asks), ("imports", &difference.imports), ("exports", &difference.exports)]
    {
        text += &changes(name, changed);
    }
    if !difference.asks.added.is_empty() {
        text +=
            &format!("Its route must grant {} before workers run it.\n", difference.asks.added.join(" and "));
    }
    text
}

fn changes(name: &str, changed: &Changed) -> String {
    if changed.is_nothing() {
        return format!("{}  as before\n", styled(DIM, format_args!("{name:<8}")));
    }
    let added = changed.added.iter().map(|name| styled(GREEN, format_args!("+ {name}")));
    let removed = changed.removed.iter().map(|name| styled(RED, format_args!("- {name}")));
    let lines: Vec<_> = added.chain(removed).collect();
    format!("{}  {}\n", styled(DIM, format_args!("{name:<8}")), several(&lines))
}

#[cfg(test)]
mod tests;
