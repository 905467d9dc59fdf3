//! The routing table as the server shows it, for the commands that list it and take entries out of it.

use serde::Deserialize;

use crate::client::{Answer, Call, Server};
use crate::failure::{Exit, Failure, Result};

/// The answer of `GET /v1/catalog`.
#[derive(Debug, Deserialize)]
pub(crate) struct Routes {
    pub(crate) revision: u64,
    pub(crate) queues: Vec<QueueRow>,
    pub(crate) types: Vec<TypeRow>,
}

/// A queue.
#[derive(Debug, Deserialize)]
pub(crate) struct QueueRow {
    pub(crate) name: String,
    pub(crate) partitions: u32,
    pub(crate) generation: u16,
    pub(crate) redis: String,
    pub(crate) durability: String,
    #[serde(default)]
    pub(crate) draining: Vec<Draining>,
}

/// A generation of a queue that drains.
#[derive(Debug, Deserialize)]
pub(crate) struct Draining {
    pub(crate) generation: u16,
}

/// A job type, as far as a list shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct TypeRow {
    #[serde(rename = "type")]
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
    pub(crate) queue: String,
    pub(crate) path: String,
    pub(crate) mode: String,
    pub(crate) handlers: Vec<HandlerRow>,
}

/// One of a type's handlers.
#[derive(Debug, Deserialize)]
pub(crate) struct HandlerRow {
    pub(crate) module: String,
    pub(crate) weight: u8,
}

/// The routing table, and the answer it came in.
pub(crate) async fn routes(server: &Server) -> Result<(Routes, Answer)> {
    let answer = server.success(Call::get("/v1/catalog")).await?;
    Ok((answer.read()?, answer))
}

/// Makes a request hold for this revision only.
pub(crate) fn if_match(call: Call, revision: u64) -> Call {
    call.header("if-match", format!("\"{revision}\""))
}

/// One entry of a list in the server's answer, as the JSON that it came as.
pub(crate) fn entry_of(answer: &Answer, list: &str, key: &str, name: &str) -> Result<serde_json::Value> {
    let whole: serde_json::Value = answer.read()?;
    let entries = whole[list].as_array().into_iter().flatten();
    let mut found = entries.filter(|entry| entry[key] == *name).cloned();
    found.next().ok_or_else(|| {
        let what = list.trim_end_matches('s');
        Failure::new(Exit::No, format_args!("there is no {what} `{name}` in the routing table."))
            .advise(format!("`wasmill {list} list` shows what there is."))
    })
}

impl HandlerRow {
    /// `hello@1.0.0`, or with its share when that is not all.
    pub(crate) fn show(&self) -> String {
        match self.weight {
            100 => self.module.clone(),
            weight => format!("{} {weight}%", self.module),
        }
    }
}
