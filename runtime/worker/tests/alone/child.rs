//! The child: what this program is when a worker starts it to run suspects.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use wasmill_job::ModuleDigest;
use wasmill_sandbox::{CheckLimits, Handler, Sandbox, SandboxConfig, check};
use wasmill_worker::{LoadError, LoadHandler, StartAlone, run_alone};

/// The first argument of a child; the second is the folder of modules.
pub(crate) const RUN_ALONE: &str = "run-alone";

/// Starts this program as a child that finds modules in `folder`, each under its digest.
pub(crate) fn start(folder: &Path) -> StartAlone {
    let (program, folder) = (std::env::current_exe().unwrap(), folder.to_owned());
    Arc::new(move || {
        let mut command = Command::new(&program);
        command.arg(RUN_ALONE).arg(&folder);
        command
    })
}

/// Is a child.
pub(crate) fn run() {
    let folder = PathBuf::from(std::env::args_os().nth(2).unwrap());
    assert_eq!(std::env::vars_os().count(), 0, "a child inherits no variables");
    let sandbox = Sandbox::new(SandboxConfig { instances: 1, ..SandboxConfig::default() }).unwrap();
    let loading = sandbox.clone();
    let load: LoadHandler = Arc::new(move |digest| handler(&loading, &folder, digest));
    run_alone(&sandbox, &load).unwrap();
}

fn handler(sandbox: &Sandbox, folder: &Path, digest: ModuleDigest) -> Result<Handler, LoadError> {
    let bytes =
        std::fs::read(folder.join(digest.to_string())).map_err(|error| LoadError(error.to_string()))?;
    let component = check(&bytes, &CheckLimits::default()).unwrap();
    Ok(sandbox.load(&sandbox.compile(&component).unwrap()).unwrap())
}
