//! `wasmill token`: makes the tokens that callers show.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use wasmill_http::TokenHash;
use wasmill_process::config::{self, AuthConfig, TOKEN_PREFIX, TokenConfig, TokenName};

use crate::failure::{Exit, Failure, Result};
use crate::terminal::{BOLD, print, styled};

/// Make tokens, which callers show to a server that listens beyond this machine
#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token: print it, this once, and the lines for the configuration, which hold its SHA-256 only
    ///
    /// No server is asked: one learns of the token when it is started with those lines. Callers send it as
    /// `Authorization: Bearer TOKEN`; the commands read it from WASMILL_TOKEN, or from the file that --token-file names.
    New(New),
}

#[derive(Debug, Args)]
struct New {
    /// Whose it is: letters, digits, dots and dashes; stands in the log beside each request
    #[arg(long, value_name = "NAME")]
    name: TokenName,
    /// What it may do
    #[arg(long, value_name = "RIGHT")]
    right: Right,
    /// Print token and hash as JSON
    #[arg(long)]
    json: bool,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Right {
    /// Enqueue jobs, look at single ones, cancel them
    Enqueue,
    /// Everything: modules, routes, dead letters, status, metrics too
    Operate,
}

/// A new token as JSON.
#[derive(Debug, Serialize)]
struct Made<'m> {
    token: &'m str,
    #[serde(flatten)]
    config: &'m TokenConfig,
}

/// Of a token, in bytes. 160 bits are out of reach for guessing; these are 192, which base64 needs no filling for.
const RANDOM_BYTES: usize = 24;

impl Token {
    pub(crate) fn run(self) -> Result<()> {
        let TokenCommand::New(new) = self.command;
        // From a generator made for secrets: ChaCha, seeded by the operating system.
        new.run(&rand::random())
    }
}

impl New {
    fn run(self, random: &[u8; RANDOM_BYTES]) -> Result<()> {
        let token = text(random);
        let right = match self.right {
            Right::Enqueue => config::Right::Enqueue,
            Right::Operate => config::Right::Operate,
        };
        let sha256 = config::TokenHash(TokenHash::of(&token).0);
        let config = TokenConfig { name: self.name, right, sha256 };
        let unwritable = |error: &dyn std::fmt::Display| Failure::new(Exit::No, error);
        if self.json {
            let made = Made { token: &token, config: &config };
            let text = serde_json::to_string(&made).map_err(|error| unwritable(&error))?;
            return print(&format!("{text}\n"));
        }
        let lines = lines(config).map_err(|error| unwritable(&error))?;
        print(&format!(
            "The token, shown this once:\n\n{}\n\nFor the configuration file:\n\n{lines}",
            styled(BOLD, &token)
        ))
    }
}

/// In the URL-safe alphabet of base64: nothing to escape in headers, shells and files.
fn text(random: &[u8; RANDOM_BYTES]) -> String {
    format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

/// The lines of the configuration file, written by the type that reads them.
fn lines(token: TokenConfig) -> std::result::Result<String, toml::ser::Error> {
    #[derive(Serialize)]
    struct File {
        auth: AuthConfig,
    }
    toml::to_string(&File { auth: AuthConfig { tokens: vec![token] } })
}

#[cfg(test)]
mod tests;
