//! The token that a command shows to the server: from a file or the environment, never from the command line, where
//! every user of the machine could read it.

use std::path::Path;

use hyper::header::HeaderValue;

use crate::failure::{Exit, Failure, Result};

/// A token, ready to be sent. Does not show itself in debug output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token(HeaderValue);

/// The variable with the token.
pub(crate) const VARIABLE: &str = "WASMILL_TOKEN";

impl Token {
    /// The token in `file`, else the one in the variable; none when neither is there. A variable that is empty is not
    /// set.
    ///
    /// # Errors
    /// When the file cannot be read, or what is there cannot be a token.
    pub(crate) fn find(file: Option<&Path>) -> Result<Option<Self>> {
        if let Some(file) = file {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| Failure::unreadable(&name, &error))?;
            return Self::read(&text, &name).map(Some);
        }
        match std::env::var_os(VARIABLE) {
            Some(text) if !text.is_empty() => Self::read(&text.to_string_lossy(), VARIABLE).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads a token; `place` is where it stands. What stands there is not repeated: it may be a secret all the same.
    fn read(text: &str, place: &str) -> Result<Self> {
        let text = text.trim();
        let header = HeaderValue::try_from(format!("Bearer {text}")).ok();
        match header {
            Some(mut header) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                header.set_sensitive(true);
                Ok(Self(header))
            }
            _ => Err(Failure::new(Exit::Usage, format_args!("{place} holds no token: it is one word of letters, digits, `-` and `_`, and begins with wm_."))
                .advise("`wasmill token create` makes tokens.")),
        }
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests;
