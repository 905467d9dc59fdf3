//! An application developer begins a handler in each language: what `wasmill new` writes is tested, built and run by the
//! commands that its README shows. The toolchains are those that `tests/run` installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use wasmill_tests::{binary, installed, wasmill};

/// A new handler in a folder that goes away.
struct Project {
    parent: tempfile::TempDir,
}

const NAME: &str = "to-ada";

impl Project {
    fn new(language: &str) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let arguments = ["new", NAME, "--lang", language, "--sdk", root().to_str().unwrap()];
        let said = in_folder(Command::new(binary()).args(arguments), parent.path());
        assert!(said.contains("wasmill deploy"), "{said}");
        Self { parent }
    }

    fn folder(&self) -> PathBuf {
        self.parent.path().join(NAME)
    }

    /// Runs a program in the project, and answers what it printed.
    fn run(&self, command: &mut Command) -> String {
        in_folder(command, &self.folder())
    }

    /// Runs the module as `wasmill run` does: with the template's payload, and with one that it rejects.
    fn works(&self, module: &Path) {
        let module = module.to_str().unwrap();
        let payload = self.folder().join("payload.json");
        let said = wasmill(&["run", module, "--payload", payload.to_str().unwrap()]).unwrap();
        assert!(said.contains(r#"{"subject":"Welcome, ada!"}"#), "{said}");
        std::fs::write(&payload, r#"{"email": "nobody"}"#).unwrap();
        let said = wasmill(&["run", module, "--payload", payload.to_str().unwrap()]).unwrap_err();
        assert!(said.contains("`nobody` is no address"), "{said}");
    }
}

/// The root of the checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn in_folder(command: &mut Command, folder: &Path) -> String {
    let output = command.current_dir(folder).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [said, complained] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{command:?} ends with {}:\n{said}\n{complained}", output.status);
    said + &complained
}

#[test]
fn a_handler_in_rust() {
    let project = Project::new("rust");
    // Beside what is built for other projects of the same kind: dependencies are built once.
    let target = installed().join("templates");
    project.run(Command::new(env!("CARGO")).arg("test").env("CARGO_TARGET_DIR", &target));
    // The README's command, with whichever toolchain for WebAssembly there is.
    let build = root().join("plugins/build");
    project.run(Command::new(build).arg("--project").arg(project.folder()).env("CARGO_TARGET_DIR", &target));
    project.works(&target.join("wasm32-unknown-unknown/release/to_ada.wasm"));
}

#[test]
fn a_handler_in_python() {
    let project = Project::new("python");
    let python = installed().join("python/bin/python");
    let output = project.run(Command::new(&python).args(["-m", "pytest", "-q"]));
    assert!(output.contains("2 passed"), "{output}");
    project.run(Command::new(&python).args(["-m", "wasmill_sdk", "build", "app.py", "-o", "to-ada.wasm"]));
    project.works(&project.folder().join("to-ada.wasm"));
}

#[test]
fn a_handler_in_javascript() {
    let project = Project::new("javascript");
    let npm = |arguments: &[&str]| {
        project.run(Command::new("npm").args(arguments).env("npm_config_cache", installed().join("npm")))
    };
    npm(&["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"]);
    let output = npm(&["test"]);
    assert!(output.contains("pass 2"), "{output}");
    npm(&["run", "build"]);
    project.works(&project.folder().join("to-ada.wasm"));
}
