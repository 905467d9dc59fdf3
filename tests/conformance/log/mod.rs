//! The conformance suite of the `Log` port. To run it on another implementation, implement [`LogUnderTest`] for it
//! and name it below.

mod append;
mod arrive;
mod assign;
mod compact;
mod embedded;
mod end;
mod kafka;
mod progress;
mod read;
mod records;
mod since;
mod survive;

use std::future::Future;

use wasmill_job::Topic;
use wasmill_log::Log;

/// An implementation with everything the suite must be able to do to it. Made empty; whatever it needs on the
/// outside goes away with it.
pub(crate) trait LogUnderTest: Sized + Send + 'static {
    type Log: Log;

    /// The largest record that is stored, in bytes, key and value together.
    const RECORD_BYTES_MAX: usize;

    /// An empty log.
    fn fresh() -> impl Future<Output = Self> + Send;

    fn log(&self) -> Self::Log;

    /// The topic of a queue that this case alone uses, with eleven partitions at least. The same for the same name.
    fn topic(&self, name: &str) -> impl Future<Output = Topic> + Send {
        std::future::ready(records::topic(name))
    }

    /// A compacted topic that this case alone uses.
    fn dead(&self) -> impl Future<Output = Topic> + Send {
        std::future::ready(Topic::dead())
    }

    /// A topic of parked jobs that is not there yet.
    fn parked(&self) -> Topic {
        Topic::parked(&"email.welcome".parse().unwrap())
    }

    /// Closes the log in order. What is left of it answers that it is closed.
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// Opens it again after it was closed.
    fn reopen(self) -> impl Future<Output = Self> + Send;

    /// The log as another process finds it when this one is killed at this moment.
    fn crash(self) -> impl Future<Output = Self> + Send;

    /// Lets compaction do all it may do now, if it can be asked to.
    fn compact(&self) -> impl Future<Output = ()> + Send;
}

/// Runs every case on an implementation, each on a log of its own.
macro_rules! conformance {
    ($under_test:ty: $($area:ident { $($case:ident)* })*) => {$(
        mod $area {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::log::$area::$case::<$under_test>().await;
                }
            )*
        }
    )*};
}

/// The list of the cases that hold for every implementation.
macro_rules! every_case {
    ($under_test:ty) => {
        $crate::log::conformance! { $under_test:
            append {
                answers_positions_in_the_order_of_the_records
                of_nothing_answers_nothing
                keeps_partitions_and_topics_apart
                refuses_what_is_too_large_by_itself
                stores_records_up_to_the_largest
                stores_batches_larger_than_any_chunk
                by_many_at_once_loses_and_mixes_nothing
                goes_on_when_the_caller_gives_up
            }
            read {
                gives_back_what_was_stored
                tells_empty_from_absent
                begins_anywhere
                at_the_end_gives_nothing
                in_bites_gives_each_record_once
                behind_a_writer_sees_no_gap
                tells_bounds
            }
            since {
                finds_the_first_record_of_a_moment
                is_the_end_where_nothing_is_so_late
                is_the_same_after_a_crash
                leaves_out_nothing_of_a_compacted_topic
                of_a_closed_log_says_so
            }
            arrive {
                resolves_at_once_when_the_record_is_there
                wakes_when_the_record_comes
                does_not_wake_for_another_partition
                never_misses_a_record
            }
            progress {
                is_nothing_at_first
                is_what_was_committed_last
                of_an_older_epoch_is_not_shown
                survives_reopening_and_crash
            }
            assign {
                gives_what_is_to_be_carried
                makes_what_is_ensured
            }
            survive {
                reopening_keeps_everything
                a_crash_keeps_everything_acknowledged
                offsets_are_never_given_twice
            }
            compact {
                keeps_the_newest_record_of_each_key
                leaves_other_topics_alone
            }
            end {
                a_closed_log_says_so
                closing_wakes_those_who_wait
            }
        }
    };
}

pub(crate) use {conformance, every_case};
