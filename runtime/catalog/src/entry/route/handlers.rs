//! Reads `handlers` of a job type: which modules run its jobs, and which share of them each.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::DeValue;
use wasmill_job::ModuleTag;

use super::Named;
use crate::Weight;
use crate::mistake::Report;
use crate::section::{Keys, Section, kind};

/// One handler as a file names it. Without a mistake the weights of a type's handlers are 100 together, and none comes
/// twice.
pub(crate) struct HandlerEntry {
    pub(crate) module: Named<ModuleTag>,
    pub(crate) weight: Weight,
}

const KEYS: Keys = Keys { known: &["module", "weight"], later: &[] };
const EXAMPLE: &str = "write handlers = [{ module = \"name@1.0.0\" }]";
const WEIGHT: RangeInclusive<u64> = 0..=100;

/// Reads `handlers`: those whose module can be read, also when mistakes were reported, so that their modules are judged.
pub(super) fn read_handlers(
    report: &mut Report<'_>,
    job_type: &Section<'_>,
    at: &Range<usize>,
) -> Vec<HandlerEntry> {
    let subject = job_type.subject("handlers");
    let Some(value) = job_type.value("handlers") else {
        report.add(at, format!("{subject} is missing; {EXAMPLE}"));
        return Vec::new();
    };
    let DeValue::Array(handlers) = value.get_ref() else {
        report.add(&value.span(), format!("{subject} is {}; {EXAMPLE}", kind(value.get_ref())));
        return Vec::new();
    };
    if handlers.is_empty() {
        report.add(&value.span(), format!("{subject} is empty; {EXAMPLE}"));
    }
    let is_single = handlers.len() == 1;
    let mut weights = Vec::with_capacity(handlers.len());
    let mut entries: Vec<HandlerEntry> = Vec::with_capacity(handlers.len());
    for handler in handlers {
        let Some(section) = Section::open(report, handler, format!("the handler in {subject}"), &KEYS) else {
            continue;
        };
        let weight = read_weight(report, &section, handler, is_single);
        weights.extend(weight);
        if let Some(module) = read_module(report, &section, handler) {
            if entries.iter().any(|before| before.module.value == module.value) {
                let tag = &module.value;
                report.add(&module.at, format!("{subject}: {tag} comes twice; give it one weight"));
            }
            entries.push(HandlerEntry { module, weight: weight.unwrap_or(Weight::WHOLE) });
        }
    }
    // Where a weight is missing or refused, the sum would be a second word about the same mistake.
    if !weights.is_empty() && weights.len() == handlers.len() {
        check_sum(report, &weights, &subject, &value.span());
    }
    entries
}

fn read_weight(
    report: &mut Report<'_>,
    handler: &Section<'_>,
    value: &Spanned<DeValue<'_>>,
    is_single: bool,
) -> Option<Weight> {
    match handler.value("weight") {
        Some(_) => handler.count(report, "weight", WEIGHT).and_then(|weight| Weight::new(weight).ok()),
        None if is_single => Some(Weight::WHOLE),
        None => {
            let what = handler.subject("weight");
            report.add(&value.span(), format!("{what} is missing; beside others it needs a share, 1 to 100"));
            None
        }
    }
}

fn read_module(
    report: &mut Report<'_>,
    handler: &Section<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Named<ModuleTag>> {
    if handler.value("module").is_none() {
        report.add(&value.span(), format!("{} is missing; {EXAMPLE}", handler.subject("module")));
    }
    handler.text(report, "module", "name@1.0.0", str::parse).map(|(value, at)| Named { value, at })
}

fn check_sum(report: &mut Report<'_>, weights: &[Weight], subject: &str, at: &Range<usize>) {
    let sum: u64 = weights.iter().map(|weight| u64::from(weight.get())).sum();
    if sum != u64::from(Weight::WHOLE.get()) {
        let shown: Vec<_> = weights.iter().map(|weight| weight.get().to_string()).collect();
        let shown = shown.join(" + ");
        report.add(at, format!("{subject}: the weights are {shown} = {sum}; they must be 100 together"));
    }
}
