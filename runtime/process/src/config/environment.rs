//! Where environment variables come from: the process, or a map in tests.

use std::ffi::OsString;

/// Gives environment variables.
pub trait Environment {
    /// All of them, names that are not text left out.
    fn variables(&self) -> Vec<(String, OsString)>;
}

/// The variables this process was started with.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variables(&self) -> Vec<(String, OsString)> {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }
}

impl Environment for std::collections::BTreeMap<String, String> {
    fn variables(&self) -> Vec<(String, OsString)> {
        self.iter().map(|(name, value)| (name.clone(), value.into())).collect()
    }
}
