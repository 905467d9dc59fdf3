//! What an idle server costs.

use std::time::Duration;

use wasmill_tests::World;

use crate::figures::{print, world};

const SPAN: Duration = Duration::from_secs(20);
/// Clock ticks per second in /proc, fixed on Linux.
const TICKS: f64 = 100.0;

pub(crate) async fn measure() {
    let mut world = world("live", &[]).await;
    let before = cpu_ticks(&mut world);
    tokio::time::sleep(SPAN).await;
    let used = cpu_ticks(&mut world) - before;
    let cpu = used / TICKS / SPAN.as_secs_f64() * 100.0;
    let pid = world.server().pid();
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    let resident_mib = pages * 4096.0 / f64::from(1 << 20);
    print(
        "idle `wasmill dev` with one handler loaded",
        &format!("{cpu:.2} % CPU, {resident_mib:.0} MiB resident"),
    );
}

fn cpu_ticks(world: &mut World) -> f64 {
    let pid = world.server().pid();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // Fields 14 and 15 of proc(5): user and system time; two fields stand before the split.
    fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
}
