//! The metrics page, in Prometheus' text format.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::TelemetryError;
use super::usage::{Usage, render_usage};

/// The metrics of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    page: PrometheusHandle,
}

/// For what ends in `_seconds`: from a handler's 10 µs to the longest jobs, three steps to the power of ten.
const SECONDS: [f64; 21] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
/// For what ends in `_bytes`: powers of four from 64 B to 64 MiB.
const BYTES: [f64; 11] = [
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// For everything else, which counts things: sizes of batches and groups.
const COUNTS: [f64; 13] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// How often histograms are folded together. Without it they would grow until the next scrape.
const UPKEEP: Duration = Duration::from_secs(5);

impl Metrics {
    /// Makes this process count, for whoever uses the `metrics` facade, and keeps house in the background. Must be
    /// called inside a tokio runtime, once, before the first thing is counted.
    ///
    /// # Errors
    /// When it was called before.
    pub fn start() -> Result<Self, TelemetryError> {
        let page = builder().install_recorder().map_err(|_| TelemetryError::Twice("metrics"))?;
        let metrics = Self { page: page.clone() };
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(UPKEEP);
            loop {
                tick.tick().await;
                page.run_upkeep();
            }
        });
        Ok(metrics)
    }

    /// The page for `/metrics`: what the parts counted, and what this process uses. Content type
    /// [`Metrics::CONTENT_TYPE`].
    pub fn render(&self) -> String {
        let mut page = self.page.render();
        render_usage(&mut page, &Usage::of_this_process());
        page
    }

    /// The content type of the page.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";
}

fn builder() -> PrometheusBuilder {
    #[expect(clippy::unwrap_used, reason = "constants: buckets that are not empty; a unit test builds it")]
    PrometheusBuilder::new()
        .set_buckets(&COUNTS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS))
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_bytes".into()), &BYTES))
        .unwrap()
}

#[cfg(test)]
mod tests;
