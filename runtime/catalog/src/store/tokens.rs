//! Tokens in the store, one file each: `tokens/NAME@NUMBER.json`. A file is never changed: a rotation writes the next number
//! if it is free, which is the compare-and-swap, and deletes the one before; of several the highest number counts. To revoke
//! is to delete them. `tokens/used/NAME.json` tells when one was used last.

use std::collections::BTreeMap;

use object_store::ObjectMeta;
use object_store::path::Path;
use wasmill_job::{TokenHash, TokenName, UnixMs};

use super::{ArtifactStore, Put, StoreError};
use crate::StoredToken;
use crate::wire::{read_token, read_use, write_mark, write_token, write_use};

pub(super) const TOKENS: &str = "tokens";
pub(super) const USED: &str = "tokens/used";

/// Stands beside the tokens from the first one on: a listing without it is not that of a store whose tokens were all
/// revoked, but of one that is empty, or not there.
const MARK: &str = "tokens/store.json";

/// The file of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenFile {
    pub(crate) name: TokenName,
    number: u64,
    path: Path,
    /// Tells this file from a later one of the same name and number: of a token that was revoked and made again.
    stamp: (Option<String>, i64, u64),
}

/// The newest file of each token.
#[derive(Debug, Default)]
pub(crate) struct TokenListing {
    pub(crate) files: Vec<TokenFile>,
    /// Whether tokens were ever kept here.
    pub(crate) is_marked: bool,
}

impl ArtifactStore {
    /// The token of this name, if there is one. Cost: a listing and a read.
    ///
    /// # Errors
    /// When its file is damaged, or the store is away.
    pub async fn token(&self, name: &TokenName) -> Result<Option<StoredToken>, StoreError> {
        match self.newest_of(name).await? {
            Some(file) => self.read_token_file(&file).await,
            None => Ok(None),
        }
    }

    /// Stores a new token.
    ///
    /// # Errors
    /// [`StoreError::TokenTaken`] when there is one of its name; nothing is changed then. When the store fails, it may or may
    /// not have been stored.
    pub async fn create_token(&self, token: &StoredToken) -> Result<(), StoreError> {
        let taken = || StoreError::TokenTaken(token.name.clone());
        self.put_if_absent(&Path::from(MARK), write_mark().into()).await?;
        if self.newest_of(&token.name).await?.is_some() {
            return Err(taken());
        }
        let path = path_of(&token.name, 1);
        if self.put_if_absent(&path, write_token(token).into()).await? == Put::Present {
            return Err(taken());
        }
        // Somebody may have made and rotated one since the look.
        if self.newest_of(&token.name).await?.is_some_and(|file| file.number > 1) {
            self.delete(&path).await?;
            return Err(taken());
        }
        Ok(())
    }

    /// Gives a token, as it was seen, another hash; the one until now is valid until `until`. Answers the token as it is from
    /// now on.
    ///
    /// # Errors
    /// [`StoreError::NoToken`] when there is none, [`StoreError::TokenMoved`] when somebody else rotated or revoked it since it
    /// was seen; nothing is changed then. When the store fails, it may or may not have been rotated.
    pub async fn rotate_token(
        &self,
        seen: &StoredToken,
        hash: TokenHash,
        until: UnixMs,
    ) -> Result<StoredToken, StoreError> {
        let name = &seen.name;
        let no_token = || StoreError::NoToken(name.clone());
        let before = self.newest_of(name).await?.ok_or_else(no_token)?;
        let Some(stored) = self.read_token_file(&before).await? else {
            // Gone since the listing: somebody else has rotated it if there is another, and revoked it if there is none.
            self.newest_of(name).await?.ok_or_else(no_token)?;
            return Err(StoreError::TokenMoved(name.clone()));
        };
        if stored != *seen {
            return Err(StoreError::TokenMoved(name.clone()));
        }
        let token = seen.clone().rotated(hash, until);
        let path = path_of(name, before.number + 1);
        if self.put_if_absent(&path, write_token(&token).into()).await? == Put::Present {
            return Err(StoreError::TokenMoved(name.clone()));
        }
        // One that was revoked meanwhile must not come back by this.
        if !self.stands(&before).await? {
            self.delete(&path).await?;
            return Err(StoreError::TokenMoved(name.clone()));
        }
        self.delete(&before.path).await?;
        Ok(token)
    }

    /// Deletes a token; whether there was one. Doing it again is fine.
    ///
    /// # Errors
    /// When the store is away: repeat.
    pub async fn revoke_token(&self, name: &TokenName) -> Result<bool, StoreError> {
        let mut found = false;
        // Again and again, because somebody may rotate it at the same time.
        loop {
            let files: Vec<_> = self.all_token_files().await?.0;
            let files: Vec<_> = files.into_iter().filter(|file| file.name == *name).collect();
            if files.is_empty() {
                break;
            }
            found = true;
            for file in files {
                self.delete(&file.path).await?;
            }
        }
        self.delete(&use_path(name)).await?;
        Ok(found)
    }

    /// Notes when a token was used last, in the place of what was noted before.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn note_token_use(&self, name: &TokenName, used_at: UnixMs) -> Result<(), StoreError> {
        self.replace(&use_path(name), write_use(name, used_at).into()).await
    }

    /// When tokens were used last, as far as it was noted. What cannot be read is left out. Cost: a listing and a read per
    /// token.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn token_uses(&self) -> Result<BTreeMap<TokenName, UnixMs>, StoreError> {
        let mut uses = BTreeMap::new();
        for file in self.list(USED).await? {
            let name = file.location.filename().and_then(|file| file.strip_suffix(".json"));
            let Some(name) = name.and_then(|name| name.parse::<TokenName>().ok()) else { continue };
            let Some(bytes) = self.read(&file.location).await? else { continue };
            if let Ok(used_at) = read_use(&name, &bytes) {
                uses.insert(name, used_at);
            }
        }
        Ok(uses)
    }

    /// The newest file of each token. Cost: a listing.
    pub(crate) async fn token_listing(&self) -> Result<TokenListing, StoreError> {
        let (mut all, is_marked) = self.all_token_files().await?;
        all.sort_by(|one, other| (&one.name, other.number).cmp(&(&other.name, one.number)));
        all.dedup_by(|later, first| later.name == first.name);
        Ok(TokenListing { files: all, is_marked })
    }

    /// What stands in a file of a listing; nothing when it is gone.
    pub(crate) async fn read_token_file(&self, file: &TokenFile) -> Result<Option<StoredToken>, StoreError> {
        let Some(bytes) = self.read(&file.path).await? else { return Ok(None) };
        read_token(&file.name, &bytes).map(Some).map_err(|why| why.of_file(&file.path))
    }

    async fn newest_of(&self, name: &TokenName) -> Result<Option<TokenFile>, StoreError> {
        Ok(self.token_listing().await?.files.into_iter().find(|file| file.name == *name))
    }

    async fn stands(&self, file: &TokenFile) -> Result<bool, StoreError> {
        Ok(self.all_token_files().await?.0.contains(file))
    }

    async fn all_token_files(&self) -> Result<(Vec<TokenFile>, bool), StoreError> {
        let files = self.list(TOKENS).await?;
        let is_marked = files.iter().any(|file| file.location == Path::from(MARK));
        Ok((files.iter().filter_map(TokenFile::of).collect(), is_marked))
    }
}

impl TokenFile {
    fn of(file: &ObjectMeta) -> Option<Self> {
        let (name, number) = file.location.filename()?.strip_suffix(".json")?.split_once('@')?;
        let stamp = (file.e_tag.clone(), file.last_modified.timestamp_micros(), file.size);
        Some(Self {
            name: name.parse().ok()?,
            number: number.parse().ok()?,
            path: file.location.clone(),
            stamp,
        })
    }
}

fn path_of(name: &TokenName, number: u64) -> Path {
    Path::from(format!("{TOKENS}/{name}@{number}.json"))
}

fn use_path(name: &TokenName) -> Path {
    Path::from(format!("{USED}/{name}.json"))
}

#[cfg(test)]
mod tests;
