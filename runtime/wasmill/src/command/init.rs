//! `wasmill init`: a configuration and the first token, so that a service can be started.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use wasmill_http::new_token;
use wasmill_job::TokenHash;
use wasmill_process::config::{self, InvalidToken, TokenConfig};

use crate::command::token::lines;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{BOLD, print, styled};

/// Write a configuration and a first token, which may do everything, for `wasmill serve`
///
/// The folder gets `wasmill.toml`, with the token's SHA-256, and `admin.token`, with the token itself, readable by you alone.
/// Nothing that is there already is written over.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder; made when it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The address to listen on; beyond loopback put a proxy that ends TLS in front
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)))]
    listen: SocketAddr,
    /// Print the names of the files as JSON
    #[arg(long)]
    json: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    config: PathBuf,
    token_file: PathBuf,
}

const CONFIG: &str = "wasmill.toml";
const TOKEN: &str = "admin.token";
/// The name of the first token.
const NAME: &str = "admin";
/// Who may read a file, as the mode of a new one.
const ALL: u32 = 0o666;
const OWNER: u32 = 0o600;

impl Init {
    pub(crate) fn run(self) -> Result<()> {
        let unusable = |error: io::Error| {
            Failure::new(
                Exit::Config,
                format_args!("the folder {} cannot be used: {error}.", self.folder.display()),
            )
        };
        fs::create_dir_all(&self.folder).map_err(unusable)?;
        let folder = fs::canonicalize(&self.folder).map_err(unusable)?;
        let written = Written { config: folder.join(CONFIG), token_file: folder.join(TOKEN) };
        for file in [&written.config, &written.token_file] {
            if fs::symlink_metadata(file).is_ok() {
                return Err(present(file));
            }
        }
        let token = new_token();
        let text = text(&folder, self.listen, &token)?;
        write(&written.token_file, &format!("{token}\n"), OWNER)?;
        if let Err(failure) = write(&written.config, &text, ALL) {
            // A token whose hash stands nowhere would only mislead. It was not there before.
            let _ = fs::remove_file(&written.token_file);
            return Err(failure);
        }
        if self.json {
            let text = serde_json::to_string(&written).map_err(|error| Failure::new(Exit::No, error))?;
            return print(&format!("{text}\n"));
        }
        print(&next(&written, self.listen))
    }
}

/// The configuration.
fn text(folder: &Path, listen: SocketAddr, token: &str) -> Result<String> {
    let unwritable = |error: &dyn std::fmt::Display| Failure::new(Exit::No, error);
    let admin = TokenConfig {
        name: NAME.parse().map_err(|error: InvalidToken| unwritable(&error))?,
        roles: config::Role::ALL.into(),
        types: Vec::new(),
        expires: None,
        sha256: config::TokenHash(TokenHash::of(token).0),
    };
    let admin = lines(admin).map_err(|error| unwritable(&error))?;
    let data = toml::Value::from(folder.join("data").display().to_string());
    Ok(format!(
        "# What `wasmill serve --config {CONFIG}` is started with. `wasmill check --config {CONFIG}` shows all that is in force.\n\
         \n\
         [data]\n\
         dir = {data}            # log, queue, modules, routing table, tokens\n\
         \n\
         [gateway]\n\
         listen = \"{listen}\"    # tokens travel in clear: beyond this machine, put a proxy that ends TLS in front\n\
         \n\
         # The first token may do everything; its text is in {TOKEN}. It makes the others (`wasmill token create`), which need no\n\
         # lines here and no restart.\n\
         {admin}"
    ))
}

/// Writes a new file.
fn write(file: &Path, text: &str, mode: u32) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    let written = made.and_then(|mut to| to.write_all(text.as_bytes()).and_then(|()| to.sync_all()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => present(file),
        _ => Failure::new(Exit::Config, format_args!("{} cannot be written: {error}.", file.display())),
    })
}

fn present(file: &Path) -> Failure {
    Failure::new(Exit::Config, format_args!("{} is there already; nothing was written.", file.display()))
        .advise("Choose another folder: wasmill init DIR.")
}

fn next(written: &Written, listen: SocketAddr) -> String {
    let (config, token_file) = (written.config.display(), written.token_file.display());
    let port = listen.port();
    let server = if port == 8420 { String::new() } else { format!(" --server http://127.0.0.1:{port}") };
    format!(
        "{} {config}\n{} {token_file}, which may do everything and which you alone can read\n\n\
         Next:\n  wasmill serve --config {config}\n\n\
         And in another terminal:\n  export WASMILL_TOKEN=$(cat {token_file})\n  wasmill status{server}\n  \
         wasmill token create app --role enqueue{server}\n",
        styled(BOLD, "configuration"),
        styled(BOLD, "first token  "),
    )
}
