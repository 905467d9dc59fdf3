//! `wasmill types pause|resume|off`: another mode for a job type, without its file at hand.

use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::client::{Answer, Call, Server};
use crate::command::change::Applied;
use crate::command::routes::{Routes, if_match, routes};
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{GREEN, print, print_bytes, styled};

/// Which type, and why.
#[derive(Debug, Args)]
pub(super) struct Switch {
    /// The job type
    #[arg(value_name = "TYPE")]
    name: String,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The request.
#[derive(Debug, Serialize)]
struct WantedMode<'m> {
    mode: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'m str>,
}

/// So many revisions are looked at for the mode of before.
const LOOKED: u64 = 20;

impl Switch {
    /// Gives the type this mode.
    pub(super) async fn give(self, mode: &str) -> Result<()> {
        let server = self.target.server()?;
        let (routes, _) = routes(&server).await?;
        let before = self.mode_in(&routes)?.to_owned();
        self.write(&server, routes.revision, &before, mode).await
    }

    /// Gives the type the mode that it had before it was paused or switched off.
    pub(super) async fn resume(self) -> Result<()> {
        let server = self.target.server()?;
        let (routes, _) = routes(&server).await?;
        let before = self.mode_in(&routes)?.to_owned();
        // A type that works keeps its mode: a shadow that became live by a `resume` would be a surprise.
        let mode =
            if works(&before) { before.clone() } else { self.mode_of_before(&server, routes.revision).await };
        self.write(&server, routes.revision, &before, &mode).await
    }

    /// # Errors
    /// When there is no such type.
    fn mode_in<'r>(&self, routes: &'r Routes) -> Result<&'r str> {
        let row = routes.types.iter().find(|row| row.name == self.name);
        row.map(|row| row.mode.as_str()).ok_or_else(|| {
            Failure::new(Exit::No, format_args!("there is no type `{}` in the routing table.", self.name))
                .advise("`wasmill types list` shows what there is.")
        })
    }

    /// The last mode in which the type worked, as far as revisions can be read; `live` where none tells.
    async fn mode_of_before(&self, server: &Server, newest: u64) -> String {
        for revision in (newest.saturating_sub(LOOKED)..newest).rev().filter(|revision| *revision > 0) {
            let answer = server.success(Call::get(format!("/v1/catalog/revisions/{revision}"))).await;
            // One that cannot be read, or does not have the type, tells nothing; an older one may.
            let Ok(routes) = answer.and_then(|answer| answer.read::<Routes>()) else { continue };
            if let Ok(mode) = self.mode_in(&routes)
                && works(mode)
            {
                return mode.to_owned();
            }
        }
        "live".to_owned()
    }

    async fn write(&self, server: &Server, revision: u64, before: &str, mode: &str) -> Result<()> {
        let encoded = utf8_percent_encode(&self.name, NON_ALPHANUMERIC);
        let wanted = WantedMode { mode, message: self.message.as_deref() };
        let call = Call::post(format!("/v1/catalog/types/{encoded}/mode")).json(&wanted);
        let answer: Answer = server.success(if_match(call, revision)).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let applied: Applied = answer.read()?;
        applied.warn();
        let revision = applied.revision;
        if before == mode {
            return print(&format!("{} is {mode} already, in revision {revision}\n", self.name));
        }
        print(&format!(
            "{} {}: {before} → {mode}, revision {revision}\n",
            styled(GREEN, "applied"),
            self.name
        ))
    }
}

/// Whether jobs of a type in this mode are accepted and taken.
fn works(mode: &str) -> bool {
    !["paused", "off"].contains(&mode)
}
