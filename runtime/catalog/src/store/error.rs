//! Why the artifact store refused or failed.

use wasmill_job::{ModuleDigest, ModuleTag, Revision, TokenName};

/// Why the artifact store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the artifact store at {place} could not {action}: {source}")]
    Away { action: String, place: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "{place} ignores conditional writes (If-None-Match), so two who apply at once would overwrite each other: nothing was \
         written; use a service that knows them, or a newer version of this one"
    )]
    Unconditional { place: String },
    #[error(
        "revision {0} exists already: somebody else applied at the same time, and nothing of yours was written; read \
         the catalog again, look at the new diff and repeat the apply"
    )]
    Conflict(Revision),
    #[error(
        "revision {0} cannot be written: numbers follow one another, and the store has none just before it"
    )]
    Gap(Revision),
    #[error("{file} in the artifact store is damaged: {reason}; restore it from a copy, or move it away")]
    Damaged { file: String, reason: String },
    #[error("{file} in the artifact store cannot be read: {reason}")]
    Newer { file: String, reason: String },
    #[error("there is no revision {0}")]
    NoRevision(Revision),
    #[error("there is no module {0:?}: deploy it first")]
    NoModule(ModuleDigest),
    #[error(
        "the tag {tag} points to {points_to:?} for ever and cannot move to {refused:?}; choose a new version for the \
         new module"
    )]
    TagTaken { tag: ModuleTag, points_to: ModuleDigest, refused: ModuleDigest },
    #[error("there is a token {0} already: choose another name, or revoke that one first")]
    TokenTaken(TokenName),
    #[error("there is no token {0}")]
    NoToken(TokenName),
    #[error("somebody else rotated or revoked the token {0} at the same time; look at it again, and repeat")]
    TokenMoved(TokenName),
}

impl StoreError {
    /// Whether the store itself was out of reach, so that asking again may help.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}
