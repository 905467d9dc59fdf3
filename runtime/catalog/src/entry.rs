//! What a catalog file says, before anything is known about the catalog it will go into: entries with their places.

mod queue;
mod route;

use std::num::NonZeroU32;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use wasmill_job::{Durability, InvalidName, JobType, QueueName};

pub(crate) use queue::read_queue;
pub(crate) use route::{HandlerEntry, Named, TypeEntry, read_type};

use crate::mistake::{Report, did_you_mean};
use crate::section::kind;
use crate::{Backing, RedisName};

/// The entries of one file, in the order of their names.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) queues: Vec<Entry<QueueName, QueueEntry>>,
    pub(crate) types: Vec<Entry<JobType, TypeEntry>>,
}

/// One entry and the place of its name.
pub(crate) struct Entry<Name, Value> {
    pub(crate) name: Name,
    pub(crate) at: Range<usize>,
    /// `None` when the entry holds mistakes, which have been reported.
    pub(crate) value: Option<Value>,
}

/// What a file says about a queue.
pub(crate) struct QueueEntry {
    pub(crate) partitions: Named<NonZeroU32>,
    pub(crate) durability: Durability,
    pub(crate) redis: Named<RedisName>,
}

/// Reads every entry of a file. What is wrong goes into `report`; the rest is still read.
pub(crate) fn read_entries<'t>(
    report: &mut Report<'_>,
    tables: &'t DeTable<'t>,
    backing: Backing,
) -> Entries {
    let mut entries = Entries::default();
    for (key, value) in tables {
        match key.get_ref().as_ref() {
            "queue" => entries.queues = read_all(report, key, value, "mail", read_queue),
            "type" => {
                let read = |report: &mut Report<'_>, name: &_, at: &_, value| {
                    read_type(report, backing, name, at, value)
                };
                entries.types = read_all(report, key, value, "\"email.welcome\"", read);
            }
            other => {
                let hint = did_you_mean(other, ["queue", "type"]);
                let message = format!(
                    "a catalog file holds [queue.NAME] and [type.\"NAME\"]; it has no `{other}`{hint}"
                );
                report.add(&key.span(), message);
            }
        }
    }
    entries
}

fn read_all<'t, Name, Value>(
    report: &mut Report<'_>,
    key: &Spanned<DeString<'t>>,
    value: &'t Spanned<DeValue<'t>>,
    example: &str,
    read: impl Fn(&mut Report<'_>, &Name, &Range<usize>, &'t Spanned<DeValue<'t>>) -> Option<Value>,
) -> Vec<Entry<Name, Value>>
where
    Name: FromStr<Err = InvalidName>,
{
    let DeValue::Table(table) = value.get_ref() else {
        let (section, found) = (key.get_ref(), kind(value.get_ref()));
        report.add(&value.span(), format!("`{section}` is {found}; write [{section}.{example}]"));
        return Vec::new();
    };
    let mut entries = Vec::new();
    for (key, value) in table {
        let at = key.span();
        match key.get_ref().parse::<Name>() {
            Ok(name) => entries.push(Entry { value: read(report, &name, &at, value), name, at }),
            Err(reason) => report.add(&at, reason.to_string()),
        }
    }
    entries
}
