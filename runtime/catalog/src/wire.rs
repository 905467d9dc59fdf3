//! How a revision, a tag and a token stand in the artifact store, version 1. These types are the format; the catalog in memory
//! is free to change. A reader refuses what it does not know: a process that ignored half of a rule would break it.

mod revision;
mod tag;
mod token;

pub(crate) use revision::{read_kept, read_revision, write_revision};
pub(crate) use tag::{read_tag, write_tag};
pub(crate) use token::{
    read_kept_tokens, read_token, read_use, write_kept_tokens, write_mark, write_token, write_use,
};

/// The version this binary writes, and the newest it reads.
const VERSION: u32 = 1;

/// Why a file of the store could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is of version {0} and this Wasmill reads up to version {VERSION}: upgrade it")]
    Newer(u32),
    #[error("{0}")]
    Damaged(String),
}

/// What every file begins with.
#[derive(serde::Deserialize)]
struct Versioned {
    v: u32,
}

fn check_version(bytes: &[u8]) -> Result<(), Unreadable> {
    let Versioned { v } = serde_json::from_slice(bytes).map_err(not_json)?;
    match v {
        VERSION => Ok(()),
        newer if newer > VERSION => Err(Unreadable::Newer(newer)),
        other => Err(Unreadable::Damaged(format!("there is no version {other} of its format"))),
    }
}

fn not_json(error: serde_json::Error) -> Unreadable {
    Unreadable::Damaged(format!("it does not read as JSON of its version: {error}"))
}

#[cfg(test)]
mod tests;
