//! Where a worker has the secrets of handlers: variables of its environment, and a folder of files.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmill_job::SecretName;
use wasmill_process::Config;
use wasmill_process::config::SECRET_PREFIX;
use wasmill_worker::FindSecret;

/// Larger things are no secrets.
const SECRET_BYTES_MAX: u64 = 64 << 10;
/// Rights of a group and of others.
const NOT_ITS_OWNERS: u32 = 0o077;

/// Looks for secrets as this configuration says, anew each time: a file may come later.
pub(crate) fn finder(config: &Config) -> FindSecret {
    let folder = config.sandbox.secrets_dir.clone();
    Arc::new(move |name| find(name, &folder))
}

fn find(name: &SecretName, folder: &Path) -> Result<String, String> {
    let variable = format!("{SECRET_PREFIX}{name}");
    if let Some(value) = std::env::var_os(&variable).filter(|value| !value.is_empty()) {
        return value.into_string().map_err(|_| format!("the variable {variable} is not valid UTF-8"));
    }
    if folder.as_os_str().is_empty() {
        return Err(format!(
            "set the variable {variable}, or sandbox.secrets_dir to a folder with a file {name} in it"
        ));
    }
    // A name has no slash and no dot in it: the file is in the folder.
    read(&folder.join(name.as_str())).map_err(|reason| match reason {
        None => format!("there is neither a variable {variable} nor a file {name} in {}", folder.display()),
        Some(reason) => reason,
    })
}

/// The text of a file without the line feed at its end. `None`: there is no such file.
fn read(file: &PathBuf) -> Result<String, Option<String>> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => None,
        _ => Some(format!("{shown} cannot be read: {error}")),
    };
    let about = std::fs::metadata(file).map_err(unreadable)?;
    if about.permissions().mode() & NOT_ITS_OWNERS != 0 {
        return Err(Some(format!(
            "others than its owner can read {shown}; take their rights away (chmod 600)"
        )));
    }
    if about.len() > SECRET_BYTES_MAX {
        return Err(Some(format!(
            "{shown} has {} bytes; a secret has at most {SECRET_BYTES_MAX}",
            about.len()
        )));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

#[cfg(test)]
mod tests;
