//! The templates of `sdk/templates`, which are part of the binary, and what is filled in.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;

/// A language that there is a template for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Rust,
    Python,
    /// TypeScript, too: its files are built in the same way
    Javascript,
}

/// What the placeholders stand for.
pub(super) struct Values<'v> {
    pub(super) name: &'v str,
    pub(super) sdk: &'v Sdk,
}

/// Where a handler's SDK comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    /// The registry of its language.
    Published { version: String },
    /// A folder, by its whole path.
    Checkout { folder: PathBuf },
}

/// The version of all SDKs: they are released together with this binary.
pub(super) const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Files of a template: as they are called when written, and their texts.
type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($language:literal: $($file:literal as $name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../../sdk/templates/", $language, "/", $file)))),+]
    };
}

const RUST: Files = files!("rust":
    "Cargo.toml" as "Cargo.toml",
    "src/lib.rs" as "src/lib.rs",
    "src/tests.rs" as "src/tests.rs",
    "payload.json" as "payload.json",
    "README.md" as "README.md",
    "gitignore" as ".gitignore",
);

const PYTHON: Files = files!("python":
    "app.py" as "app.py",
    "test_app.py" as "test_app.py",
    "requirements.txt" as "requirements.txt",
    "payload.json" as "payload.json",
    "README.md" as "README.md",
    "gitignore" as ".gitignore",
);

const JAVASCRIPT: Files = files!("javascript":
    "package.json" as "package.json",
    "npmrc" as ".npmrc",
    "app.js" as "app.js",
    "app.test.js" as "app.test.js",
    "payload.json" as "payload.json",
    "README.md" as "README.md",
    "gitignore" as ".gitignore",
);

impl Language {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Javascript => "JavaScript",
        }
    }

    pub(super) fn files(self) -> Files {
        match self {
            Self::Rust => RUST,
            Self::Python => PYTHON,
            Self::Javascript => JAVASCRIPT,
        }
    }

    /// The commands to type next, a line each: those that the README of the template shows.
    pub(super) fn next(self, values: &Values<'_>) -> String {
        let readme = self.files().iter().find(|(name, _)| *name == "README.md").map_or("", |(_, text)| text);
        let shown: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("    ")).collect();
        self.filled(&shown.join("\n"), values)
    }

    /// `text` with what its placeholders stand for.
    pub(super) fn filled(self, text: &str, values: &Values<'_>) -> String {
        let module = values.name.replace('-', "_");
        let filled = text.replace("{{name}}", values.name).replace("{{module}}", &module);
        filled.replace("{{sdk}}", &values.sdk.for_language(self))
    }
}

impl Sdk {
    /// How a manifest of this language refers to it.
    fn for_language(&self, language: Language) -> String {
        // As a string of TOML and of JSON: `\` and `"` are escaped in both by a `\`.
        let escaped = |path: PathBuf| path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        match (self, language) {
            (Self::Published { version }, Language::Rust) => format!("\"{version}\""),
            (Self::Published { version }, Language::Python) => format!("wasmill-sdk[build,test]=={version}"),
            (Self::Published { version }, Language::Javascript) => version.clone(),
            (Self::Checkout { folder }, Language::Rust) => {
                format!("{{ path = \"{}\" }}", escaped(folder.join("sdk/rust")))
            }
            (Self::Checkout { folder }, Language::Python) => {
                format!("{}[build,test]", folder.join("sdk/python").display())
            }
            (Self::Checkout { folder }, Language::Javascript) => {
                format!("file:{}", escaped(folder.join("sdk/javascript")))
            }
        }
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Published { version } => write!(f, "{version}"),
            Self::Checkout { folder } => write!(f, "of {}", folder.display()),
        }
    }
}
