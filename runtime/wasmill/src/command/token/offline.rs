//! `wasmill token new`: a token, and the lines for the configuration. No server is asked.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde::Serialize;
use wasmill_http::new_token;
use wasmill_job::{Clock, SystemClock, TokenHash, TypePattern};
use wasmill_process::config::{self, AuthConfig, TokenConfig, TokenName};

use super::Role;
use crate::command::when::When;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{BOLD, print, styled};

/// Make a token for the configuration: print it, this once, and the lines, which hold its SHA-256 only
///
/// No server is asked: one learns of the token when it is started with those lines. Callers send it as
/// `Authorization: Bearer TOKEN`; the commands read it from WASMILL_TOKEN, or from the file that --token-file names.
#[derive(Debug, Args)]
pub(super) struct New {
    /// Whose it is: letters, digits, dots and dashes; stands in the log beside each request
    #[arg(long, value_name = "NAME")]
    name: TokenName,
    /// What it may do; may be repeated
    #[arg(long, value_name = "ROLE", required_unless_present = "right")]
    role: Vec<Role>,
    /// As of before there were roles: `enqueue` for that role, `operate` for all
    #[arg(long, value_name = "RIGHT", hide = true, conflicts_with = "role")]
    right: Option<Right>,
    /// Only for these job types, such as email.welcome or billing.*; may be repeated
    #[arg(long = "type", value_name = "PATTERN")]
    types: Vec<TypePattern>,
    /// When it ends: a span such as 90d, or a moment such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "WHEN")]
    expires: Option<When>,
    /// Print token and hash as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Right {
    Enqueue,
    Operate,
}

/// A new token as JSON.
#[derive(Serialize)]
struct Made<'m> {
    token: &'m str,
    #[serde(flatten)]
    config: &'m TokenConfig,
}

impl New {
    pub(super) fn run(self) -> Result<()> {
        let token = new_token();
        let json = self.json;
        let config = self.configured(&token);
        let unwritable = |error: &dyn std::fmt::Display| Failure::new(Exit::No, error);
        if json {
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

    fn configured(self, token: &str) -> TokenConfig {
        let roles = match self.right {
            Some(Right::Enqueue) => [config::Role::Enqueue].into(),
            Some(Right::Operate) => config::Role::ALL.into(),
            None => self.role.into_iter().map(Role::as_config).collect::<BTreeSet<_>>(),
        };
        let expires = self.expires.map(|expiry| config::Expiry { at_ms: expiry.after(SystemClock.now()).0 });
        TokenConfig {
            name: self.name,
            roles,
            types: self.types.iter().map(ToString::to_string).collect(),
            expires,
            sha256: config::TokenHash(TokenHash::of(token).0),
        }
    }
}

impl Role {
    fn as_config(self) -> config::Role {
        match self {
            Self::Enqueue => config::Role::Enqueue,
            Self::Deploy => config::Role::Deploy,
            Self::Operate => config::Role::Operate,
            Self::Read => config::Role::Read,
        }
    }
}

/// The lines of the configuration file, written by the type that reads them.
pub(crate) fn lines(token: TokenConfig) -> std::result::Result<String, toml::ser::Error> {
    #[derive(Serialize)]
    struct File {
        auth: AuthConfig,
    }
    toml::to_string(&File { auth: AuthConfig { tokens: vec![token] } })
}
