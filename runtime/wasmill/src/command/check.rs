//! `wasmill check`: finds all mistakes that configuration and catalog files have by themselves, without starting anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wasmill_catalog::{Backing, Catalog, RedisNames, SourceFile, Stores, plan};
use wasmill_job::{ModuleDigest, ModuleTag};
use wasmill_process::Config;
use wasmill_process::config::ProcessEnvironment;

use crate::failure::{Exit, Failure, Result};
use crate::mill::access;
use crate::mill::stores::{backing, redis_names};
use crate::terminal::{GREEN, print, styled, tell};

/// Find the mistakes in the configuration and in catalog files, without starting anything
///
/// What an address, a disk or a server has against them is told at the start.
///
/// Whether a module is deployed, only a server knows: here every version named in a catalog file counts as deployed. What a
/// catalog file may say depends on the mill: that is the configuration's, with a log unless it says log.kind = "none". Without
/// --config any name of a Redis counts as right.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration file; WASMILL_… variables are checked with it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Catalog files (TOML)
    #[arg(value_name = "CATALOG")]
    files: Vec<PathBuf>,
    /// Print the mistakes as JSON
    #[arg(long)]
    json: bool,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Findings {
    mistakes: Vec<Finding>,
}

/// One mistake.
#[derive(Debug, Serialize)]
struct Finding {
    /// `file:line:column`, the file, or the variable.
    place: String,
    message: String,
}

impl Check {
    pub(crate) fn run(self) -> Result<()> {
        let files = read(&self.files)?;
        let config = Config::load(self.config.as_deref(), &ProcessEnvironment);
        let mut mistakes = Vec::new();
        if let Err(found) = &config {
            let finding = |mistake: &wasmill_process::config::Mistake| Finding {
                place: mistake.place.to_string(),
                message: mistake.message.clone(),
            };
            mistakes.extend(found.0.iter().map(finding));
        }
        if let Some(message) = config.as_ref().ok().and_then(|config| access::fixed(&config.auth).err()) {
            let place = self
                .config
                .as_ref()
                .map_or_else(|| "WASMILL_AUTH_TOKENS".to_owned(), |file| file.display().to_string());
            mistakes.push(Finding { place, message });
        }
        // Without a sound configuration nothing is said against a path that one kind of mill has.
        let backing = config.as_ref().map_or(Backing::LogAndQueue, backing);
        let redis = match &config {
            Ok(config) if self.config.is_some() => redis_names(config),
            // Nobody has said which there are.
            _ => RedisNames::Unknown,
        };
        mistakes.extend(catalog_mistakes(&files, Stores { backing, redis }));
        let findings = Findings { mistakes };
        if self.json {
            let text = serde_json::to_string(&findings).map_err(|error| Failure::new(Exit::No, error))?;
            print(&format!("{text}\n"))?;
        } else {
            findings.mistakes.iter().for_each(|found| tell(&format!("{}: {}", found.place, found.message)));
        }
        match (findings.mistakes.len(), config) {
            (0, Ok(config)) if !self.json => self.approve(&config),
            (0, _) => Ok(()),
            (1, _) => Err(Failure::new(Exit::Config, "one mistake.")),
            (count, _) => Err(Failure::new(Exit::Config, format_args!("{count} mistakes."))),
        }
    }

    /// Shows what is in force; that of catalog files a server shows, as a difference.
    fn approve(&self, config: &Config) -> Result<()> {
        if self.files.is_empty() || self.config.is_some() {
            print(&format!("# In force: defaults, file, environment.\n{config}"))?;
        }
        tell(&styled(GREEN, "no mistakes"));
        Ok(())
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<SourceFile>> {
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(&name, &error))?;
        Ok(SourceFile::new(name, text))
    };
    files.iter().map(read).collect()
}

/// The mistakes that applying the files to an empty routing table would find.
fn catalog_mistakes(files: &[SourceFile], stores: Stores) -> Vec<Finding> {
    let modules = files.iter().flat_map(|file| named_modules(&file.text)).collect();
    let found = plan(&Catalog::default(), files, &modules, stores).err().unwrap_or_default();
    let finding = |mistake: wasmill_catalog::Mistake| Finding {
        place: format!("{}:{}:{}", mistake.file, mistake.line, mistake.column),
        message: mistake.message,
    };
    found.0.into_iter().map(finding).collect()
}

/// Every version that a catalog file names in a `module = "…"`, as if it were deployed. What is not TOML names none;
/// the plan tells why.
fn named_modules(text: &str) -> BTreeMap<ModuleTag, ModuleDigest> {
    fn collect(value: &toml::Value, found: &mut BTreeMap<ModuleTag, ModuleDigest>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let tag = value.as_str().filter(|_| key == "module").and_then(|tag| tag.parse().ok());
                    found.extend(tag.map(|tag| (tag, ModuleDigest::of(b""))));
                    collect(value, found);
                }
            }
            toml::Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        collect(&toml::Value::Table(table), &mut found);
    }
    found
}
