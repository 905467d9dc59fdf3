//! The scripts, one file each under `scripts/`, and a call of one. Called by hash; whoever finds that Redis has forgotten
//! a script loads it again.

use redis::{Cmd, RedisWrite, ToRedisArgs};

/// Which script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Start,
    Resume,
    Adopt,
    Drop,
    Push,
    Plain,
    Offer,
    Take,
    Renew,
    Settle,
    Sweep,
    Owed,
    Paid,
    Progress,
    Passed,
    Counts,
    Job,
    Record,
    List,
    Dead,
    Purge,
    Cancel,
    Walk,
    Check,
    Mend,
    Mended,
    Memory,
    Report,
    Reports,
}

/// All scripts, whole, with their hashes.
pub(super) struct Scripts(Vec<redis::Script>, Vec<String>);

/// A call of a script: the key of the shard's core, then arguments.
pub(super) struct Call {
    pub(super) name: Name,
    pub(super) shard: usize,
    command: Cmd,
}

/// What all scripts share; stands behind the first line of each, which says what the script may do.
const SHARED: &str = concat!(
    include_str!("scripts/shard.lua"),
    include_str!("scripts/lane.lua"),
    include_str!("scripts/attempts.lua"),
    include_str!("scripts/letter.lua"),
);

/// In the order of [`Name`].
const FILES: [&str; 29] = [
    include_str!("scripts/start.lua"),
    include_str!("scripts/resume.lua"),
    include_str!("scripts/adopt.lua"),
    include_str!("scripts/drop.lua"),
    include_str!("scripts/push.lua"),
    include_str!("scripts/plain.lua"),
    include_str!("scripts/offer.lua"),
    include_str!("scripts/take.lua"),
    include_str!("scripts/renew.lua"),
    include_str!("scripts/settle.lua"),
    include_str!("scripts/sweep.lua"),
    include_str!("scripts/owed.lua"),
    include_str!("scripts/paid.lua"),
    include_str!("scripts/progress.lua"),
    include_str!("scripts/passed.lua"),
    include_str!("scripts/counts.lua"),
    include_str!("scripts/job.lua"),
    include_str!("scripts/record.lua"),
    include_str!("scripts/list.lua"),
    include_str!("scripts/dead.lua"),
    include_str!("scripts/purge.lua"),
    include_str!("scripts/cancel.lua"),
    include_str!("scripts/walk.lua"),
    include_str!("scripts/check.lua"),
    include_str!("scripts/mend.lua"),
    include_str!("scripts/mended.lua"),
    include_str!("scripts/memory.lua"),
    include_str!("scripts/report.lua"),
    include_str!("scripts/reports.lua"),
];

impl Scripts {
    pub(super) fn new() -> Self {
        let whole = |file: &&str| {
            let (first, rest) = file.split_once('\n').unwrap_or((file, ""));
            format!("{first}\n{SHARED}{rest}")
        };
        let texts: Vec<String> = FILES.iter().map(whole).collect();
        Self(texts.iter().map(|text| redis::Script::new(text)).collect(), texts)
    }

    /// A call that is to be completed with arguments. `core` is the key of the shard's core.
    pub(super) fn call(&self, name: Name, shard: usize, core: &str) -> Call {
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(self.0[name as usize].get_hash()).arg(1).arg(core);
        Call { name, shard, command }
    }

    /// The script's whole text.
    pub(super) fn text(&self, name: Name) -> &str {
        &self.1[name as usize]
    }
}

impl Call {
    /// Adds an argument.
    pub(super) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.command.arg(argument);
        self
    }

    /// Makes room for arguments of these lengths: a call that grows bit by bit is copied again and again.
    pub(super) fn reserve(&mut self, lengths: impl IntoIterator<Item = usize>) {
        self.command.reserve_space_for_args(lengths);
    }

    pub(super) fn command(&self) -> &Cmd {
        &self.command
    }
}
