//! Figures as they are printed.

use std::time::Duration;

/// Prints one figure.
pub(crate) fn print(what: &str, figure: &str) {
    println!("{what:<72} {figure}");
}

/// So many things a second, as text.
pub(crate) fn rate(per_second: f64, what: &str) -> String {
    format!("{per_second:>9.0} {what}/s")
}

/// The middle one.
pub(crate) fn middle(samples: &mut [f64]) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// At this share of the sorted samples, in milliseconds.
pub(crate) fn percentile(samples: &mut [Duration], share: f64) -> f64 {
    samples.sort_unstable();
    samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
}
