//! The disk fills up under load, and has room again later. A small tmpfs plays the disk; a ballast file on it plays
//! whatever else fills disks, and is deleted to make room.

use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use wasmill_tests::{DEADLINE, TELLING, World, until};

use crate::books::{Verdict, check_with_rebuilds};
use crate::kill_embedded::JOB_TYPE;
use crate::load::{Load, Told};

const DISK_MIB: u64 = 192;
const BALLAST_MIB: u64 = 96;
const CLIENTS: u64 = 4;
const REFUSALS_MIN: usize = 50;
const JOBS_AFTERWARDS: usize = 2_000;

/// A tmpfs, unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = TempDir::new().unwrap();
        let size = format!("size={DISK_MIB}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "no tmpfs could be mounted: run as root, or under `unshare --user --map-root-user --mount`"
        );
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy"]).arg(self.path()).status();
    }
}

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let disk = SmallDisk::mount();
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; usize::try_from(BALLAST_MIB << 20).unwrap()]).unwrap();
    let mut world = World::start_with(Some(&disk.path().join("data")), &TELLING).await;
    world.route(JOB_TYPE, "noop", "retry = { attempts = 1000 }").await;
    let mut told = Told::default();

    // Until it is full.
    let load = Load::start(world.server().address(), JOB_TYPE, CLIENTS, chance.random());
    until("the full disk refuses jobs", DEADLINE * 3, || {
        std::future::ready((load.refused() >= REFUSALS_MIN).then_some(()))
    })
    .await;
    load.gather(&mut told).await;
    let refused = told.refused;
    eprintln!("full: {} jobs acknowledged, {refused} refused", told.acknowledged.len());

    // A crash now must not lose anything either.
    world.kill();
    world.restart().await;

    // Room again: it heals by itself.
    std::fs::remove_file(&ballast).unwrap();
    let before = told.acknowledged.len();
    let asked = Cell::new(0);
    let accepted = until("jobs are accepted again", DEADLINE, || async {
        asked.set(asked.get() + 1);
        let body = serde_json::json!({ "type": JOB_TYPE, "payload": null });
        let reply = world.post("/v1/jobs", &body).await;
        (reply.status == 202).then_some(reply)
    })
    .await;
    told.note(&accepted, 1);
    told.jobs_of_unknown_fate += asked.get() - 1;
    let load = Load::start(world.server().address(), JOB_TYPE, CLIENTS, chance.random());
    until("load is accepted again", DEADLINE, || {
        std::future::ready((load.acknowledged() >= JOBS_AFTERWARDS).then_some(()))
    })
    .await;
    load.gather(&mut told).await;
    world.drained(Duration::from_secs(300)).await;

    let mut verdict = check_with_rebuilds(&world, &world.executions(), &told, JOB_TYPE).await;
    if told.acknowledged.len() <= before {
        verdict.broken.push("nothing was accepted after there was room again".into());
    }
    // The disk must outlive the server.
    world.stop().await;
    verdict
}
