//! What this process uses of the machine, read from `/proc`, under the names that Prometheus' own libraries use. What
//! cannot be read is left out.

use std::fmt::Write;
use std::fs;

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Since the Unix epoch.
    pub(super) started_seconds: Option<f64>,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) open_fds: Option<usize>,
}

/// Clock ticks in a second, as `/proc` counts them: a constant of Linux' interface to user space, whatever the kernel
/// uses inside (`USER_HZ`, see proc(5) and time(7)).
const TICKS_PER_SECOND: f64 = 100.0;

impl Usage {
    pub(super) fn of_this_process() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").ok();
        let boot = fs::read_to_string("/proc/stat").ok();
        Self {
            started_seconds: stat
                .as_deref()
                .zip(boot.as_deref())
                .and_then(|(stat, boot)| started_seconds(stat, boot)),
            cpu_seconds: stat.as_deref().and_then(cpu_seconds),
            resident_bytes: fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident_bytes),
            // One of them is the folder being read.
            open_fds: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1)),
        }
    }
}

/// User and system time from `/proc/self/stat`: its fields 14 and 15.
fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((stat_field(stat, 14)? + stat_field(stat, 15)?) / TICKS_PER_SECOND)
}

/// When the process began: field 22 of `/proc/self/stat`, which counts from the start of the machine, and that from
/// `/proc/stat`.
fn started_seconds(stat: &str, boot: &str) -> Option<f64> {
    let boot: f64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + stat_field(stat, 22)? / TICKS_PER_SECOND)
}

/// A field of `/proc/self/stat` by its number in proc(5), from 3 on: those behind the name, which may hold anything.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(number - 3)?.parse().ok()
}

/// `VmRSS` from `/proc/self/status`, which is in units of 1,024 bytes whatever the page size.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Adds the process' lines to a metrics page.
pub(super) fn render_usage(page: &mut String, usage: &Usage) {
    let mut line = |name: &str, kind: &str, value: Option<f64>| {
        if let Some(value) = value {
            // Writing to a `String` cannot fail.
            let _ = writeln!(page, "# TYPE {name} {kind}\n{name} {value}\n");
        }
    };
    line("process_start_time_seconds", "gauge", usage.started_seconds);
    line("process_cpu_seconds_total", "counter", usage.cpu_seconds);
    line("process_resident_memory_bytes", "gauge", usage.resident_bytes.map(|bytes| bytes as f64));
    line("process_open_fds", "gauge", usage.open_fds.map(|count| count as f64));
}

#[cfg(test)]
mod tests;
