//! The time that processes spent on the cores.

/// Clock ticks per second in /proc, fixed on Linux.
const TICKS: f64 = 100.0;

/// Seconds that a process has used so far, in user and kernel, all threads.
pub(crate) fn seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // Fields 14 and 15 of proc(5): user and system time; two fields stand before the split.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS
}

/// Seconds that the whole machine's cores were busy so far, with whatever else runs on it.
pub(crate) fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let ticks: Vec<f64> =
        stat.lines().next().unwrap().split_whitespace().skip(1).flat_map(str::parse).collect();
    // user, nice, system, idle, iowait, irq, softirq, …: all but the two of idling.
    let all: f64 = ticks.iter().take(8).sum();
    (all - ticks[3] - ticks[4]) / TICKS
}
