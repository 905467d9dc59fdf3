//! `wasmill new`: begins a handler in a folder of its own, with its test and what builds it.

mod template;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use self::template::{Language, SDK_VERSION, Sdk, Values};
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{BOLD, print, styled};

/// Begin a handler: a folder with a handler, its test, and what builds it
///
/// The SDK is taken from the registry of the language, or from a checkout of Wasmill: the one that --sdk names, or the
/// one that this folder lies in.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// What to call it, and the folder to make: small letters, digits and dashes, such as `welcome`
    #[arg(value_name = "NAME")]
    name: Name,
    /// The language to write it in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// A checkout of Wasmill whose SDK to use, instead of the published one
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// What a handler, its folder and its package can be called in every language.
#[derive(Clone, Debug)]
struct Name(String);

/// As long as a name is still a name.
const NAME_CHARACTERS_MAX: usize = 64;

impl New {
    pub(crate) fn run(self) -> Result<()> {
        let folder = PathBuf::from(&self.name.0);
        let sdk = self.sdk()?;
        let values = Values { name: &self.name.0, sdk: &sdk };
        write(&folder, self.lang, &values)?;
        let commands = self.lang.next(&values);
        let commands: String = commands.lines().map(|line| format!("  {line}\n")).collect();
        print(&format!(
            "{} {}: a handler in {}, with the SDK {sdk}\n\nNext:\n\n  cd {}\n{commands}",
            styled(BOLD, "made"),
            folder.display(),
            self.lang.title(),
            folder.display(),
        ))
    }

    /// The SDK that the new handler uses.
    fn sdk(&self) -> Result<Sdk> {
        if let Some(checkout) = &self.sdk {
            return checkout_at(checkout).ok_or_else(|| {
                Failure::new(Exit::Usage, format_args!("{} is no checkout of Wasmill.", checkout.display()))
                    .advise("--sdk names the folder that has `sdk/wit/job.wit` in it.")
            });
        }
        let here = std::env::current_dir().map_err(|error| {
            Failure::new(Exit::Usage, format_args!("this folder cannot be read: {error}"))
        })?;
        let checkout = here.ancestors().find_map(checkout_at);
        Ok(checkout.unwrap_or_else(|| Sdk::Published { version: SDK_VERSION.into() }))
    }
}

/// The SDK in `folder`, if that is a checkout.
fn checkout_at(folder: &Path) -> Option<Sdk> {
    let folder = fs::canonicalize(folder).ok()?;
    folder.join("sdk/wit/job.wit").is_file().then_some(Sdk::Checkout { folder })
}

/// Writes the template. A folder that is there already stays as it is.
fn write(folder: &Path, language: Language, values: &Values<'_>) -> Result<()> {
    let unwritable = |path: &Path, error: std::io::Error| {
        Failure::new(Exit::No, format_args!("{} cannot be written: {error}", path.display()))
    };
    fs::create_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(
            Exit::No,
            format_args!("{} is there already; nothing was changed.", folder.display()),
        )
        .advise("Choose another name, or remove it first."),
        _ => unwritable(folder, error),
    })?;
    for (name, text) in language.files() {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| unwritable(parent, error))?;
        }
        fs::write(&path, language.filled(text, values)).map_err(|error| unwritable(&path, error))?;
    }
    Ok(())
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let plain = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
        };
        let begins_well = text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.ends_with('-');
        if begins_well && text.chars().all(plain) && text.len() <= NAME_CHARACTERS_MAX {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "a name is at most {NAME_CHARACTERS_MAX} small letters, digits and dashes, and begins with a letter: `welcome`"
        ))
    }
}

#[cfg(test)]
mod tests;
