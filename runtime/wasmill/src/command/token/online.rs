//! `wasmill token create|list|revoke|rotate`: the tokens of a server's store. They hold everywhere within two seconds, and
//! nothing is started anew.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use wasmill_job::{Clock, SystemClock, TokenName, TypePattern};

use super::Role;
use super::made::{Made, Tokens};
use crate::client::Call;
use crate::command::target::Target;
use crate::command::when::When;
use crate::failure::Result;
use crate::terminal::{print, print_bytes};

/// Make a token: the server keeps its SHA-256 and tells the token, this once
///
/// It may not have more than the token that it is made with. It opens every process of the mill within two seconds.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Whose it is: letters, digits, dots and dashes; stands in the log beside each request
    #[arg(value_name = "NAME")]
    name: TokenName,
    /// What it may do; may be repeated
    #[arg(long, value_name = "ROLE", required = true)]
    role: Vec<Role>,
    /// Only for these job types, such as email.welcome or billing.*; may be repeated
    #[arg(long = "type", value_name = "PATTERN")]
    types: Vec<TypePattern>,
    /// When it ends: a span such as 90d, or a moment such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "WHEN")]
    expires: Option<When>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// List the tokens: whose, what for, until when, when used last
#[derive(Debug, Args)]
pub(super) struct List {
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Take a token back: every process of the mill refuses it within two seconds
#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Whose it is
    #[arg(value_name = "NAME")]
    name: TokenName,
    #[command(flatten)]
    target: Target,
}

/// Give a token another secret under the same name, and tell it, this once
#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Whose it is
    #[arg(value_name = "NAME")]
    name: TokenName,
    /// How long the secret until now stays valid, so that callers can be moved over
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = humantime::parse_duration)]
    grace: Duration,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Serialize)]
struct Wanted {
    name: String,
    roles: Vec<wasmill_job::Role>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    types: Vec<TypePattern>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_ms: Option<u64>,
}

impl Create {
    pub(super) async fn run(self) -> Result<()> {
        let wanted = Wanted {
            name: self.name.to_string(),
            roles: self.role.into_iter().map(Role::as_job).collect(),
            types: self.types,
            expires_at_ms: self.expires.map(|expiry| expiry.after(SystemClock.now()).0),
        };
        show(Call::post("/v1/tokens").json(&wanted), self.json, &self.target).await
    }
}

impl Rotate {
    pub(super) async fn run(self) -> Result<()> {
        let grace_ms = u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX);
        let path = format!("/v1/tokens/{}/rotate", self.name);
        let call = Call::post(path).json(&serde_json::json!({ "grace_ms": grace_ms }));
        show(call, self.json, &self.target).await
    }
}

/// Sends what makes a secret, and shows it.
async fn show(call: Call, json: bool, target: &Target) -> Result<()> {
    let answer = target.server()?.success(call).await?;
    if json { print_bytes(&answer.body) } else { answer.read::<Made>()?.show() }
}

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let answer = self.target.server()?.success(Call::get("/v1/tokens")).await?;
        if self.json { print_bytes(&answer.body) } else { answer.read::<Tokens>()?.show() }
    }
}

impl Revoke {
    pub(super) async fn run(self) -> Result<()> {
        self.target.server()?.success(Call::delete(format!("/v1/tokens/{}", self.name))).await?;
        print(&format!("revoked {}: refused everywhere within two seconds\n", self.name))
    }
}
