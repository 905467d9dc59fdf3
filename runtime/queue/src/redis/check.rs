//! The check (fsck): walks over everything page by page, so that Redis is never held up for long, and asks again, in one
//! step, about what looks wrong, so that what moved meanwhile is not held against it. After a restart of the server what
//! it finds is mended.

use std::collections::HashMap;

use redis::Value;

use super::reply::{Reply, as_text};
use super::script::Name;
use super::shard::Shard;
use super::trouble::Trouble;
use crate::Checked;

/// A job's key.
type Key = Vec<u8>;

/// How often a job was seen in each place.
#[derive(Clone, Copy, Default)]
struct Seen {
    record: u32,
    /// The record is an empty value: the job was cancelled, and its entry in the list is still to be thrown away.
    tombstone: bool,
    pending: u32,
    scheduled: u32,
    claim: u32,
    lease: u32,
}

/// Entries asked for at once.
const PAGE: usize = 1_000;
/// Jobs in doubt that are asked about at once: each costs a walk over the pending lists.
const DOUBTS: usize = 8;
/// Faults that are told.
const FAULTS_MAX: usize = 100;

impl Seen {
    fn is_sound(self) -> bool {
        let Self { record, tombstone, pending, scheduled, claim, lease } = self;
        let places = (pending, scheduled, claim);
        record == 1
            && claim == lease
            && (places == (1, 0, 0) || !tombstone && (places == (0, 1, 0) || places == (0, 0, 1)))
    }
}

/// Checks a shard, and adds what it finds.
pub(super) async fn check(shard: &Shard<'_>, checked: &mut Checked) -> Result<(), Trouble> {
    let seen = walk(shard).await?;
    checked.jobs += seen.values().filter(|seen| seen.record == 1 && !seen.tombstone).count() as u64;
    for jobs in doubtful(seen).chunks(DOUBTS) {
        if checked.faults.len() >= FAULTS_MAX {
            return Ok(());
        }
        ask(shard, jobs, checked).await?;
    }
    ask(shard, &[], checked).await
}

/// Looks at what a server has loaded that was started again, and puts right what is wrong: Redis may load half of a
/// script's effects when the end of its file was torn off. Nothing is lost: a job that is in no place becomes pending.
pub(super) async fn mend(shard: &Shard<'_>) -> Result<(), Trouble> {
    let (mut found, mut mended) = (Checked::default(), 0);
    for jobs in doubtful(walk(shard).await?).chunks(DOUBTS) {
        let before = found.faults.len();
        ask(shard, jobs, &mut found).await?;
        if found.faults.len() > before || before >= FAULTS_MAX {
            let mut call = shard.link.call(Name::Mend, shard.number);
            jobs.iter().for_each(|(key, seen)| {
                call.arg(&key[..]).arg(u8::from(seen.pending > 0));
            });
            shard.link.run(&call).await?;
            mended += jobs.len();
        }
    }
    let mut counts = Checked::default();
    ask(shard, &[], &mut counts).await?;
    if !counts.faults.is_empty() || mended > 0 {
        shard.link.run(&shard.link.call(Name::Mend, shard.number)).await?;
        let first = found.faults.into_iter().chain(counts.faults).next().unwrap_or_default();
        tracing::warn!(
            jobs = mended,
            "Redis was started again with a torn file; the queue in it is mended ({first})"
        );
        metrics::counter!("wasmill_queue_mended_total").increment(mended as u64);
    }
    shard.link.run(&shard.link.call(Name::Mended, shard.number)).await.map(|_| ())
}

/// Every job, and where it was seen.
async fn walk(shard: &Shard<'_>) -> Result<HashMap<Key, Seen>, Trouble> {
    let core = &shard.link.cores()[shard.number];
    let keys = &core[..core.len() - 1];
    let mut seen = HashMap::<Key, Seen>::new();
    records(shard, keys, &mut seen).await?;
    scan(shard, "HSCAN", &format!("{keys}f"), |key, _| seen.entry(key).or_default().claim = 1).await?;
    scan(shard, "ZSCAN", &format!("{keys}l"), |key, _| seen.entry(key).or_default().lease = 1).await?;
    scan(shard, "ZSCAN", &format!("{keys}z"), |key, _| seen.entry(key).or_default().scheduled = 1).await?;
    pending(shard, keys, &mut seen).await?;
    Ok(seen)
}

fn doubtful(seen: HashMap<Key, Seen>) -> Vec<(Key, Seen)> {
    seen.into_iter().filter(|(_, seen)| !seen.is_sound()).collect()
}

/// What the shard says of these jobs, or, without any, of its counts.
async fn ask(shard: &Shard<'_>, jobs: &[(Key, Seen)], checked: &mut Checked) -> Result<(), Trouble> {
    let mut call = shard.link.call(Name::Check, shard.number);
    jobs.iter().for_each(|(key, _)| {
        call.arg(&key[..]);
    });
    let mut answer = Reply::list(shard.link.run(&call).await?)?;
    while !answer.is_empty() && checked.faults.len() < FAULTS_MAX {
        checked.faults.push(answer.text()?);
    }
    Ok(())
}

/// Every job's key, and whether it is a tombstone. The payloads come along: a scan has no way to leave them out.
async fn records(shard: &Shard<'_>, keys: &str, seen: &mut HashMap<Key, Seen>) -> Result<(), Trouble> {
    scan(shard, "HSCAN", &format!("{keys}j"), |key, value| {
        let seen = seen.entry(key).or_default();
        seen.record = 1;
        seen.tombstone = value.is_empty();
    })
    .await
}

async fn pending(shard: &Shard<'_>, keys: &str, seen: &mut HashMap<Key, Seen>) -> Result<(), Trouble> {
    let types = shard.link.command(redis::cmd("HGET").arg(format!("{keys}c")).arg("types")).await?;
    let types: u64 = as_text(&types).and_then(|text| text.parse().ok()).unwrap_or_default();
    for (no, priority) in (0..types).flat_map(|no| (0..4).map(move |priority| (no, priority))) {
        let list = format!("{keys}p:{no}:{priority}");
        let mut from = 0;
        loop {
            let page = redis::cmd("LRANGE").arg(&list).arg(from).arg(from + PAGE - 1).to_owned();
            let mut answer = Reply::list(shard.link.command(&page).await?)?;
            if answer.is_empty() {
                break;
            }
            while !answer.is_empty() {
                seen.entry(answer.bytes()?).or_default().pending += 1;
            }
            from += PAGE;
        }
    }
    Ok(())
}

/// Walks over a hash or a sorted set.
async fn scan(
    shard: &Shard<'_>,
    command: &str,
    key: &str,
    mut each: impl FnMut(Key, Vec<u8>),
) -> Result<(), Trouble> {
    let mut cursor = "0".to_owned();
    loop {
        let scan = redis::cmd(command).arg(key).arg(&cursor).arg("COUNT").arg(PAGE).to_owned();
        let Value::Array(answer) = shard.link.command(&scan).await? else {
            return Err(Trouble::nonsense("a scan without a page"));
        };
        let [next, page] = &answer[..] else { return Err(Trouble::nonsense("a scan without a page")) };
        cursor = as_text(next).ok_or_else(|| Trouble::nonsense("a scan without a cursor"))?.to_owned();
        let mut page = Reply::list(page.clone())?;
        while !page.is_empty() {
            each(page.bytes()?, page.bytes()?);
        }
        if cursor == "0" {
            return Ok(());
        }
    }
}
