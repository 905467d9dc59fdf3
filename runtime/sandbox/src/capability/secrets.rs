//! Secrets of the job type. The values were got when the permit was made; a guest holds handles, and sees a value only if
//! it asks to. What it has seen is masked in its log and in its failures.

use std::fmt;
use std::sync::Arc;

use wasmill_job::{Import, SecretName};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::guest::Guest;
use crate::world::secrets::{self, Error};

/// A value that is in no log and no `Debug`. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
#[allow(unreachable_pub, reason = "generated code names it")]
pub struct Secret(Arc<str>);

/// Shorter ones would mask ordinary words, and protect little.
const MASKED_BYTES_MIN: usize = 6;
const MASK: &str = "[secret]";

impl Secret {
    pub(crate) fn new(value: String) -> Self {
        Self(value.into())
    }

    /// The value, for whoever has to send it.
    pub(crate) fn value(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// `text` without the secrets that were revealed.
pub(crate) fn masked(text: String, revealed: &[Secret]) -> String {
    let long = revealed.iter().filter(|secret| secret.0.len() >= MASKED_BYTES_MIN);
    long.fold(
        text,
        |text, secret| if text.contains(&*secret.0) { text.replace(&*secret.0, MASK) } else { text },
    )
}

impl secrets::Host for Guest {
    fn get(&mut self, name: String) -> Result<Result<Resource<Secret>, Error>> {
        self.meter.call(Import::Secrets, name.len())?;
        let granted = name.parse::<SecretName>().ok().and_then(|name| self.permit.secret(&name));
        Ok(match granted {
            Some(secret) => Ok(self.table.push(secret)?),
            None => Err(Error::Denied),
        })
    }
}

impl secrets::HostSecret for Guest {
    fn reveal(&mut self, secret: Resource<Secret>) -> Result<String> {
        let secret = self.table.get(&secret)?.clone();
        self.meter.call(Import::Secrets, secret.0.len())?;
        let value = secret.0.to_string();
        self.journal.mask(secret);
        Ok(value)
    }

    fn drop(&mut self, secret: Resource<Secret>) -> Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
