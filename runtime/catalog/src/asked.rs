//! Whether routes grant what their modules ask for, and no more than that. Judged beside the plan, by whoever knows what
//! modules import. Pure.

use std::collections::{BTreeMap, BTreeSet};

use wasmill_job::{Grants, Import, JobType, ModuleDigest, ModuleTag};

use crate::entry::{Entry, TypeEntry, read_entries};
use crate::mistake::Report;
use crate::{Backing, Mistakes, Plan, SourceFile, TypeSpec};

/// What a module wants of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What a route must grant, because the module imports it.
    pub needs: BTreeSet<Import>,
    /// What it could make use of, through WASI perhaps; all that it needs is among it.
    pub uses: BTreeSet<Import>,
}

/// What each module asks for; a module that is missing here is not judged.
pub type AskedOf = BTreeMap<ModuleDigest, Asked>;

/// Looks at the job types in `files`, which `plan` was made of: does each grant what its modules need, and can they use what
/// it grants?
///
/// # Errors
/// Every mistake in every file, at once.
pub fn judge_grants(
    plan: &Plan,
    files: &[SourceFile],
    backing: Backing,
    asked: &AskedOf,
) -> Result<(), Mistakes> {
    let mut mistakes = Vec::new();
    for file in files {
        let mut report = Report::new(file);
        if let Some(tables) = file.tables(&mut report) {
            for entry in read_entries(&mut report, tables.get_ref(), backing).types {
                if let Some(spec) = plan.next.types.get(&entry.name) {
                    judge(&mut report, &entry, spec, asked);
                }
            }
        }
        mistakes.extend(report.into_mistakes());
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Mistakes(mistakes)) }
}

fn judge(report: &mut Report<'_>, entry: &Entry<JobType, TypeEntry>, spec: &TypeSpec, asked: &AskedOf) {
    let Some(value) = &entry.value else { return };
    let mut used: BTreeSet<Import> = BTreeSet::new();
    let mut all_known = true;
    for handler in &value.handlers {
        let tag = &handler.module.value;
        let Some(asks) = asked_of(spec, tag, asked) else {
            all_known = false;
            continue;
        };
        used.extend(&asks.uses);
        for import in asks.needs.iter().filter(|import| !spec.grants.include(**import)) {
            let message = format!(
                "{tag} imports {}, which job type `{}` does not grant: add {}, or deploy a module that does without",
                import.as_str(),
                entry.name,
                example(*import)
            );
            report.add(&handler.module.at, message);
        }
    }
    // A module that nobody has looked at may use anything.
    if all_known {
        for import in granted(&spec.grants).filter(|import| !used.contains(import)) {
            let message = format!(
                "job type `{}` grants {}, and none of its modules asks for it: take it out",
                entry.name,
                import.as_str()
            );
            report.add(&entry.at, message);
        }
    }
}

fn asked_of<'a>(spec: &TypeSpec, tag: &ModuleTag, asked: &'a AskedOf) -> Option<&'a Asked> {
    let handler = spec.handlers.iter().find(|handler| handler.module == *tag)?;
    asked.get(&handler.digest)
}

fn granted(grants: &Grants) -> impl Iterator<Item = Import> {
    let grantable =
        [Import::Config, Import::Secrets, Import::Http, Import::Emit, Import::Clock, Import::Random];
    grantable.into_iter().filter(|import| grants.include(*import))
}

/// What to write to grant it.
fn example(import: Import) -> &'static str {
    match import {
        Import::Config => "grants.config = { name = \"value\" }",
        Import::Secrets => "grants.secrets = [\"NAME\"]",
        Import::Http => "grants.http = [\"https://api.example.com\"]",
        Import::Emit => "grants.emit = [\"email.*\"]",
        Import::Clock => "grants.clock = true",
        Import::Random => "grants.random = true",
        // Every handler has them.
        Import::Context | Import::Log | Import::Wasi => "nothing",
    }
}

#[cfg(test)]
mod tests;
