//! What one job type may reach, ready for use: its grants, checked, with the values and connections behind them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use wasmill_egress::{AllowList, RuleError};
use wasmill_job::{Generation, Grants, Import, JobType, SecretName};

use super::secrets::Secret;
use crate::handler::Handler;

/// The rights of one job type in this process. Cheap to clone.
#[derive(Clone)]
pub struct Permit(Arc<Inside>);

struct Inside {
    grants: Grants,
    secrets: BTreeMap<SecretName, Secret>,
    http: AllowList,
    destination: FindDestination,
}

/// Finds where jobs of a type go; `None` for a type that takes none.
pub type FindDestination = Arc<dyn Fn(&JobType) -> Option<Destination> + Send + Sync>;

/// Where jobs of a type go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    pub generation: Generation,
    /// Partitions of its queue.
    pub partitions: NonZeroU32,
    /// The largest payload that is accepted, in bytes.
    pub payload_bytes_max: u64,
}

/// Why a job type's grants cannot be given here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    #[error("the secret {name} is granted, and this worker does not have it: {reason}")]
    Secret { name: SecretName, reason: String },
    #[error("grants.http: {0}")]
    Http(String),
}

impl Permit {
    /// The permit of these grants to `job_type`. `secret` gives a secret's value, or a sentence about what is missing;
    /// `destination` says where children go, by the routing table of the moment.
    ///
    /// # Errors
    /// When a secret is not here, or a rule cannot be read: handlers of the type should not run here.
    pub fn new(
        job_type: &JobType,
        grants: &Grants,
        secret: impl Fn(&SecretName) -> Result<String, String>,
        destination: FindDestination,
    ) -> Result<Self, PermitError> {
        let mut secrets = BTreeMap::new();
        for name in &grants.secrets {
            let value = secret(name).map_err(|reason| PermitError::Secret { name: name.clone(), reason })?;
            secrets.insert(name.clone(), Secret::new(value));
        }
        let sentences = |errors: Vec<RuleError>| {
            PermitError::Http(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        };
        let http = AllowList::parse(&grants.http).map_err(sentences)?.owned_by(job_type.as_str());
        Ok(Self(Arc::new(Inside { grants: grants.clone(), secrets, http, destination })))
    }

    /// The permit of a job type without grants.
    pub fn none() -> Self {
        Self(Arc::new(Inside {
            grants: Grants::default(),
            secrets: BTreeMap::new(),
            http: AllowList::default(),
            destination: Arc::new(|_| None),
        }))
    }

    /// What it grants.
    pub fn grants(&self) -> &Grants {
        &self.0.grants
    }

    /// The values of its secrets, for another process that runs a job in this one's place.
    pub fn secret_values(&self) -> BTreeMap<SecretName, String> {
        self.0.secrets.iter().map(|(name, secret)| (name.clone(), secret.value().to_owned())).collect()
    }

    /// What a handler imports and this does not grant.
    pub fn lacks<'h>(&self, handler: &'h Handler) -> impl Iterator<Item = Import> + use<'h> {
        let grants = self.0.grants.clone();
        handler.asks().iter().copied().filter(move |import| !grants.include(*import))
    }

    pub(crate) fn secret(&self, name: &SecretName) -> Option<Secret> {
        self.0.secrets.get(name).cloned()
    }

    /// Where calls may go.
    pub(crate) fn http(&self) -> &AllowList {
        &self.0.http
    }

    pub(crate) fn destination(&self, job_type: &JobType) -> Option<Destination> {
        (self.0.destination)(job_type)
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("grants", &self.0.grants).finish_non_exhaustive()
    }
}
