//! A token that was made while the mill runs, as the artifact store has it: never the token, only its hash.

use wasmill_job::{Roles, Scope, TokenHash, TokenName, UnixMs};

/// A token in the artifact store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    pub name: TokenName,
    pub roles: Roles,
    pub scope: Scope,
    pub hash: TokenHash,
    /// What was valid before it, after a rotation.
    pub previous: Option<PreviousHash>,
    pub created_at: UnixMs,
    /// The token that it was made with.
    pub created_by: TokenName,
    /// From then on it is refused.
    pub expires_at: Option<UnixMs>,
}

/// A hash that was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviousHash {
    pub hash: TokenHash,
    /// From then on it is refused.
    pub until: UnixMs,
}

impl StoredToken {
    /// The same token with another secret; the one until now is valid until then, and one before that no longer.
    #[must_use]
    pub fn rotated(self, hash: TokenHash, until: UnixMs) -> Self {
        let previous = PreviousHash { hash: self.hash, until };
        Self { hash, previous: Some(previous), ..self }
    }
}
