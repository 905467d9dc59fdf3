//! `[artifacts]`: where the catalog's revisions and the modules are: a folder, or a bucket that many machines share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Refusal, Secret};

/// Where the artifact store is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArtifactsConfig {
    /// `folder`, which is `artifacts` in the data folder, or `s3://BUCKET[/PREFIX]`: a bucket of S3, or of a service that
    /// speaks its protocol and knows conditional writes (`If-None-Match`). Processes on several machines need a bucket, or
    /// a folder that all of them see. Default `folder`.
    pub url: ArtifactsUrl,
    /// Where that service is, `https://HOST[:PORT]`, when it is not Amazon's. With `http://` all that is
    /// stored travels in clear. Default: Amazon's, of the region.
    pub endpoint: String,
    /// The region of the bucket. Default: what the variable `AWS_REGION` says, else `us-east-1`.
    pub region: String,
    /// The key that requests are signed with. Default: none, and then what Amazon's own tools take: the variables
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a web identity, or the role of the machine.
    pub access_key_id: String,
    /// The secret of that key. Shown masked; the variable `WASMILL_ARTIFACTS_SECRET_ACCESS_KEY` keeps it out of the file.
    /// Default: none.
    pub secret_access_key: Secret,
}

/// `folder`, or `s3://BUCKET[/PREFIX]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ArtifactsUrl {
    /// A folder in the data folder.
    #[default]
    Folder,
    /// Everything below a prefix of a bucket, which may be empty.
    Bucket { bucket: String, prefix: String },
}

/// What is wrong with such a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be \"folder\" or \"s3://BUCKET/PREFIX\", with a bucket of 3 to 63 letters, digits, dots and dashes"
)]
pub struct InvalidArtifactsUrl;

impl ArtifactsConfig {
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refuse = |key, message: &str| Refusal { section: "artifacts", key, message: message.into() };
        let mut refusals = Vec::new();
        let has_scheme = ["http://", "https://"].iter().any(|scheme| self.endpoint.starts_with(scheme));
        if !self.endpoint.is_empty() && !has_scheme {
            refusals.push(refuse(
                "endpoint",
                "must begin with https://, or with http:// on a network that is trusted",
            ));
        }
        if self.access_key_id.is_empty() != self.secret_access_key.is_empty() {
            let message =
                "goes with secret_access_key: set both, or neither to use what Amazon's own tools use";
            refusals.push(refuse("access_key_id", message));
        }
        let said =
            [&self.endpoint, &self.region, &self.access_key_id].into_iter().any(|text| !text.is_empty());
        if said && self.url == ArtifactsUrl::Folder {
            let message = "is a folder, so endpoint, region and access_key_id say nothing: set url = \"s3://BUCKET\", or \
                           leave them out";
            refusals.push(refuse("url", message));
        }
        refusals
    }
}

impl FromStr for ArtifactsUrl {
    type Err = InvalidArtifactsUrl;
    fn from_str(text: &str) -> Result<Self, InvalidArtifactsUrl> {
        if text == "folder" {
            return Ok(Self::Folder);
        }
        let rest = text.strip_prefix("s3://").ok_or(InvalidArtifactsUrl)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let fits = (3..=63).contains(&bucket.len()) && bucket.bytes().all(plain);
        // Empty parts and dots would make names that other tools cannot show.
        let is_part = |part: &str| {
            !matches!(part, "" | "." | "..") && part.bytes().all(|byte| plain(byte) || byte == b'_')
        };
        let names = prefix.is_empty() || prefix.split('/').all(is_part);
        if !fits || !names {
            return Err(InvalidArtifactsUrl);
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for ArtifactsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => f.write_str("folder"),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl TryFrom<String> for ArtifactsUrl {
    type Error = InvalidArtifactsUrl;
    fn try_from(text: String) -> Result<Self, InvalidArtifactsUrl> {
        text.parse()
    }
}

impl From<ArtifactsUrl> for String {
    fn from(url: ArtifactsUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests;
