//! What the worker's metrics cost.

#![allow(clippy::unwrap_used)]
use std::sync::atomic::AtomicUsize;

use metrics::{Key, KeyName, Metadata, Recorder, SharedString, with_local_recorder};
use wasmill_job::{End, Outcome};

use super::*;

/// Counts the series that are registered.
#[derive(Default)]
struct Series(AtomicUsize);

impl Series {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Recorder for Series {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.one_more();
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.one_more();
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.one_more();
        Histogram::noop()
    }
}

#[test]
fn a_type_that_does_not_run_costs_no_series() {
    let (job_type, module) = ("email.welcome".parse().unwrap(), "welcome@1.0.0".parse().unwrap());
    let series = Series::default();
    with_local_recorder(&series, || {
        let (runs, version) = (RunGauges::of(&job_type), VersionGauges::of(&job_type, &module));
        assert_eq!(series.count(), 0);
        let outcome = Outcome::bare(End::Done { output: bytes::Bytes::new() });
        let verdict = Verdict::Complete { output: bytes::Bytes::new() };
        runs.ran(&outcome, &verdict);
        version.ran(&outcome);
        let once = series.count();
        assert!(once > 0);
        runs.ran(&outcome, &verdict);
        version.ran(&outcome);
        assert_eq!(series.count(), once, "they are looked up once");
    });
}
