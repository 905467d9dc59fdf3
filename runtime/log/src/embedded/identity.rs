//! The name a log file is born with, so that what was built from another log can be recognised.

use std::fmt;

/// 128 random bits, made with the log's file and kept in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogIdentity(pub [u8; 16]);

impl LogIdentity {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "log:{self}")
    }
}
