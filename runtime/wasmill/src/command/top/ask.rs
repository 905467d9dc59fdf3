//! Asking the mill: counts, lanes, workers, one request after the other.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::board::Look;
use crate::client::{Call, Server};
use crate::command::status::{Lanes, MillStatus};
use crate::command::workers::answer::WorkerList;
use crate::failure::{Exit, Failure, Result};

/// How long an answer may take: whoever watches wants to know soon that there is none.
const WITHIN: Duration = Duration::from_secs(5);

/// One look at the mill.
///
/// # Errors
/// When the counts do not come. What else does not come is a sentence in the look.
pub(super) async fn look(server: &Server) -> Result<Look> {
    let status: MillStatus = ask(server, "/v1/status").await?;
    let lanes = ask::<Lanes>(server, "/v1/lanes").await;
    let workers = ask::<WorkerList>(server, "/v1/workers").await;
    let sentence = |failure: Failure| failure.sentence().to_owned();
    Ok(Look {
        types: status.types,
        lanes: lanes.map(|lanes| lanes.lanes).map_err(sentence),
        workers: workers.map_err(sentence),
    })
}

async fn ask<T: DeserializeOwned>(server: &Server, path: &str) -> Result<T> {
    let answer = timeout(WITHIN, server.success(Call::get(path))).await.map_err(|_| {
        let why = format_args!("no answer from {} within {} s.", server.address(), WITHIN.as_secs());
        Failure::new(Exit::Unreachable, why).passing()
    })??;
    answer.read()
}
