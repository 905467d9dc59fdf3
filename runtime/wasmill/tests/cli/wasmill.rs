//! Runs the binary to its end and keeps what it said.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// How one run ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary, with nothing in its environment that a developer may have set.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
    for name in ["WASMILL_SERVER", "WASMILL_TOKEN", "WASMILL_AUTH_TOKENS", "RUST_LOG", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs `wasmill` with these arguments.
pub(crate) fn wasmill<'a>(args: impl IntoIterator<Item = &'a str>) -> Said {
    command().args(args).output().expect("the binary starts").into()
}

/// Runs `wasmill` with these arguments and this standard input.
pub(crate) fn wasmill_reading<'a>(args: impl IntoIterator<Item = &'a str>, input: &str) -> Said {
    let mut command = command();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A program that refuses its arguments does not read; then this end is closed, and the output tells why.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("the binary ends").into()
}

/// A module from `plugins/prebuilt`.
pub(crate) fn prebuilt(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins/prebuilt");
    folder.join(format!("{name}.wasm")).to_str().expect("a path of plain text").to_owned()
}

/// A module that `plugins/build` made.
pub(crate) fn guest(name: &str) -> String {
    let built = std::env::var_os("WASMILL_GUESTS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/guests"),
        PathBuf::from,
    );
    let file = built.join(format!("{name}.wasm"));
    assert!(file.exists(), "{} is missing: run plugins/build", file.display());
    file.to_str().expect("a path of plain text").to_owned()
}

impl Said {
    /// This run, once it has ended with `code`; otherwise the test ends here and shows it.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        let Self { code: found, stdout, stderr } = &self;
        assert_eq!(*found, Some(code), "\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self
    }

    /// This run, once it has succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.code(0)
    }

    /// Its standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
