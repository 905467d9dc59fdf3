//! What a host would answer, with the signatures of the generated calls: a module for each interface of the contract.

pub(crate) use super::emit::host as emit;
pub(crate) use super::http::host as http;

pub(crate) mod context {
    use std::time::{Duration, SystemTime};

    use crate::testing::running::with;

    pub(crate) fn job_id() -> String {
        with(|running| running.job.id.clone())
    }

    pub(crate) fn job_type() -> String {
        with(|running| running.job.job_type.clone())
    }

    pub(crate) fn attempt() -> u32 {
        with(|running| running.job.attempt)
    }

    pub(crate) fn max_attempts() -> u32 {
        with(|running| running.job.max_attempts)
    }

    pub(crate) fn accepted_at_ms() -> u64 {
        with(|running| since_1970_ms(running.job.accepted_at))
    }

    pub(crate) fn deadline_left_ms() -> u64 {
        with(|running| milliseconds(running.job.deadline_left))
    }

    pub(crate) fn idempotency_key() -> Option<String> {
        with(|running| running.job.idempotency_key.clone())
    }

    pub(crate) fn traceparent() -> Option<String> {
        with(|running| running.job.traceparent.clone())
    }

    pub(super) fn since_1970_ms(moment: SystemTime) -> u64 {
        milliseconds(moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    fn milliseconds(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }
}

pub(crate) mod log {
    use crate::log::Level;
    use crate::testing::Line;
    use crate::testing::running::with;

    /// Also onto the test's own output, which a failing test shows.
    #[expect(clippy::print_stderr, reason = "the test harness is who reads it")]
    pub(crate) fn write(level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
        with(|running| running.log.push(Line { level, message: message.into() }));
    }
}

pub(crate) mod config {
    use crate::testing::running::with;

    pub(crate) fn get(name: &str) -> Option<String> {
        with(|running| running.job.config.get(name).cloned())
    }

    pub(crate) fn names() -> Vec<String> {
        with(|running| running.job.config.keys().cloned().collect())
    }
}

pub(crate) mod secrets {
    use crate::testing::running::with;

    pub(crate) struct Secret(String);

    pub(crate) enum Error {
        Denied,
    }

    pub(crate) fn get(name: &str) -> Result<Secret, Error> {
        with(|running| running.job.secrets.get(name).cloned()).map(Secret).ok_or(Error::Denied)
    }

    impl Secret {
        pub(crate) fn reveal(&self) -> String {
            self.0.clone()
        }
    }
}

pub(crate) mod clock {
    use super::context::since_1970_ms;
    use crate::testing::running::with;

    pub(crate) fn now_ms() -> u64 {
        with(|running| since_1970_ms(running.job.now))
    }

    /// It stands still, as the other one does.
    pub(crate) fn monotonic_us() -> u64 {
        0
    }
}

pub(crate) mod random {
    use crate::testing::running::with;

    /// What the contract allows in one call.
    const CALL_BYTES_MAX: u32 = 64 << 10;

    pub(crate) fn bytes(count: u32) -> Vec<u8> {
        let count = count.min(CALL_BYTES_MAX) as usize;
        std::iter::repeat_with(number).flat_map(u64::to_le_bytes).take(count).collect()
    }

    /// The next number of SplitMix64 (Steele, Lea and Flood 2014, <https://doi.org/10.1145/2714064.2660195>).
    pub(crate) fn number() -> u64 {
        let steps = with(|running| {
            running.drawn = running.drawn.wrapping_add(1);
            running.job.seed.wrapping_add(running.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        });
        let mixed = (steps ^ (steps >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
