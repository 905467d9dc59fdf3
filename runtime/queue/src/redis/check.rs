//! The check (fsck): walks over everything page by page, so that Redis is never held up for long, doubts what looked wrong in
//! two walks, and asks about that again, in one step: what moves meanwhile is not held against it. After a restart of the
//! server what it finds is mended.

use std::collections::HashMap;

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
    record: bool,
    /// The record is an empty value: the job was cancelled, and its entry in the list is still to be thrown away.
    tombstone: bool,
    pending: u32,
    /// Type and priority of the list where it was last seen.
    list: (u64, u8),
    scheduled: bool,
    claim: bool,
    lease: bool,
}

/// Jobs in doubt that are asked about at once: each costs a walk over the pending lists of its type.
const DOUBTS: usize = 8;
/// Faults that are told.
const FAULTS_MAX: usize = 100;

impl Seen {
    fn is_sound(self) -> bool {
        let Self { record, tombstone, pending, list: _, scheduled, claim, lease } = self;
        let places = (pending, scheduled, claim);
        record
            && claim == lease
            && (places == (1, false, false)
                || !tombstone && (places == (0, true, false) || places == (0, false, true)))
    }

    /// Where to look for it.
    fn list(self) -> String {
        if self.pending == 0 { String::new() } else { format!("{}:{}", self.list.0, self.list.1) }
    }
}

/// Checks a shard, and adds what it finds.
pub(super) async fn check(shard: &Shard<'_>, checked: &mut Checked) -> Result<(), Trouble> {
    let (jobs, doubts) = doubts(shard, "").await?;
    checked.jobs += jobs;
    for jobs in doubts.chunks(DOUBTS) {
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
    let run = shard.link.command(shard.number, redis::cmd("HGET").arg(shard.core()).arg("run")).await?;
    let run = as_text(&run).unwrap_or_default().to_owned();
    let (mut found, mut mended) = (Checked::default(), 0);
    for jobs in doubts(shard, &run).await?.1.chunks(DOUBTS) {
        let before = found.faults.len();
        ask(shard, jobs, &mut found).await?;
        if found.faults.len() > before || before >= FAULTS_MAX {
            let mut call = shard.link.call(Name::Mend, shard.number);
            jobs.iter().for_each(|(key, _)| {
                call.arg(&key[..]);
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
    let mut call = shard.link.call(Name::Mended, shard.number);
    call.arg(&run);
    shard.link.run(&call).await.map(|_| ())
}

/// How many jobs there are, and those that looked wrong in each of two walks: of a queue at work most doubts of one are only
/// jobs that moved. `run` is the server's run that is being mended, or empty.
async fn doubts(shard: &Shard<'_>, run: &str) -> Result<(u64, Vec<(Key, Seen)>), Trouble> {
    let mut seen = walk(shard, run).await?;
    let jobs = seen.values().filter(|seen| seen.record && !seen.tombstone).count() as u64;
    seen.retain(|_, seen| !seen.is_sound());
    if seen.is_empty() {
        return Ok((jobs, Vec::new()));
    }
    let again = walk(shard, run).await?;
    let doubts = seen.into_keys().filter_map(|key| {
        let seen = *again.get(&key)?;
        (!seen.is_sound()).then_some((key, seen))
    });
    Ok((jobs, doubts.collect()))
}

/// Every job, and where it was seen.
async fn walk(shard: &Shard<'_>, run: &str) -> Result<HashMap<Key, Seen>, Trouble> {
    let mut seen = HashMap::<Key, Seen>::new();
    scan(shard, "j", run, |key, tombstone| {
        let seen = seen.entry(key).or_default();
        (seen.record, seen.tombstone) = (true, tombstone);
    })
    .await?;
    scan(shard, "f", run, |key, _| seen.entry(key).or_default().claim = true).await?;
    scan(shard, "l", run, |key, _| seen.entry(key).or_default().lease = true).await?;
    scan(shard, "z", run, |key, _| seen.entry(key).or_default().scheduled = true).await?;
    let types = shard.link.command(shard.number, redis::cmd("HGET").arg(shard.core()).arg("types")).await?;
    let types: u64 = as_text(&types).and_then(|text| text.parse().ok()).unwrap_or_default();
    for list in (0..types).flat_map(|no| (0..4).map(move |priority| (no, priority))) {
        scan(shard, &format!("p:{}:{}", list.0, list.1), run, |key, _| {
            let seen = seen.entry(key).or_default();
            seen.pending += 1;
            seen.list = list;
        })
        .await?;
    }
    Ok(seen)
}

/// What the shard says of these jobs, or, without any, of its counts.
async fn ask(shard: &Shard<'_>, jobs: &[(Key, Seen)], checked: &mut Checked) -> Result<(), Trouble> {
    let mut call = shard.link.call(Name::Check, shard.number);
    jobs.iter().for_each(|(key, seen)| {
        call.arg(&key[..]).arg(seen.list());
    });
    let mut answer = Reply::list(shard.link.run(&call).await?)?;
    while !answer.is_empty() && checked.faults.len() < FAULTS_MAX {
        checked.faults.push(answer.text()?);
    }
    Ok(())
}

/// Walks over one place: each job's key, and whether its record there is a tombstone.
async fn scan(
    shard: &Shard<'_>,
    place: &str,
    run: &str,
    mut each: impl FnMut(Key, bool),
) -> Result<(), Trouble> {
    let mut cursor = "0".to_owned();
    loop {
        let mut call = shard.link.call(Name::Walk, shard.number);
        call.arg(place).arg(&cursor).arg(run);
        let mut page = Reply::list(shard.link.run(&call).await?)?;
        if page.is_empty() {
            let why = "Redis was started once more, while what it had loaded was looked at";
            return Err(Trouble::Passing(why.into()));
        }
        cursor = page.text()?;
        while !page.is_empty() {
            let key = page.bytes()?;
            let is_tombstone = place == "j" && page.number()? == 1;
            each(key, is_tombstone);
        }
        if cursor == "0" {
            return Ok(());
        }
    }
}
