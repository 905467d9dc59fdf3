//! Secrets of the job type (`grants.secrets` names them). Their values stand in no record, no log and no catalog.
//!
//! Most of them go into a header, and [`secret_header`](crate::http::Request::secret_header) does that without the
//! handler ever seeing the value.
//!
//! ```
//! use wasmill_sdk::{Failure, secrets, testing::Job};
//!
//! fn signed(_: ()) -> Result<usize, Failure> {
//!     let key = secrets::get("KEY")?;
//!     assert_eq!(format!("{key:?}"), "Secret(…)");
//!     Ok(key.reveal().len())
//! }
//!
//! assert_eq!(Job::default().with_secret("KEY", "abcd").run(signed, "").result.unwrap(), b"4");
//! ```

use std::fmt;

use crate::Failure;
use crate::host::secrets as host;

/// A secret of the job type. Opaque: its value shows only when revealed, and in no debug output.
pub struct Secret(pub(crate) host::Secret);

/// Why there is no such secret. Becomes a reject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The job type has no grant for a secret of this name.
    Denied {
        /// The name that was asked for.
        name: String,
    },
}

/// The secret of this name.
pub fn get(name: &str) -> Result<Secret, Error> {
    host::get(name).map(Secret).map_err(|host::Error::Denied| Error::Denied { name: name.into() })
}

impl Secret {
    /// The value. From here on it is the handler's to guard.
    pub fn reveal(&self) -> String {
        self.0.reveal()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Denied { name } = self;
        write!(f, "the job type has no grant for a secret `{name}`; its route names them in `grants.secrets`")
    }
}

/// A reject: no later attempt has the grant.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::reject(error)
    }
}
