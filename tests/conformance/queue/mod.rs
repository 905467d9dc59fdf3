//! The conformance suite of the `Queue` port. To run it on another implementation, implement [`QueueUnderTest`] for it
//! and name it below. Each case gets a queue of its own, and the queue's own check runs at the end of each.
//!
//! The cases hold for one shard and for two: all jobs of a partition are in one shard, a type's limits are divided evenly
//! between the shards, and the order between jobs is that of each shard. So a case about order keeps to one partition,
//! and one about a limit uses two of them, with jobs in both and a limit that can be halved.

mod adopt;
mod attempts;
mod bury;
mod cancel;
mod children;
mod copies;
mod counts;
mod dead;
mod dedup;
mod embedded;
mod enqueue;
mod flow;
mod lease;
mod limits;
mod list;
mod model;
mod parked;
mod passed;
mod priority;
mod progress;
mod purge;
mod push;
mod ready;
mod record;
mod records;
mod redis;
mod report;
mod resume;
mod settle;
mod survive;
mod suspects;
mod take;
mod world;

use std::future::Future;
use std::time::Duration;

use wasmill_job::UnixMs;
use wasmill_queue::Queue;

/// An implementation with everything the suite must be able to do to it. Made empty; whatever it needs on the
/// outside goes away with it. Its clock stands still unless it is advanced.
pub(crate) trait QueueUnderTest: Sized + Send + 'static {
    type Queue: Queue;

    /// Into how many shards it is cut: a limit over all workers is shared out among them.
    const SHARDS: u16 = 1;

    /// Whether claims outlive the end of the process: who held one may still settle it.
    const CLAIMS_SURVIVE: bool;

    /// Whether a record whose job is alive without a log gives the job its place: it is settled when the job is done.
    /// Otherwise it is settled at once.
    const GIVES_PLACES: bool = false;

    /// An empty queue.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// A handle of its own.
    fn queue(&self) -> Self::Queue;

    /// What its clock shows.
    fn now(&self) -> UnixMs;

    /// Turns its clock on.
    fn advance(&self, by: Duration) -> impl Future<Output = ()> + Send;

    /// Ends in order and begins again: nothing is lost but the claims, unless they survive.
    fn restart(self) -> impl Future<Output = Self> + Send;

    /// As it is found when it is killed at this moment: the newest operations may be lost, each whole. Where it can be
    /// chosen how much goes, it is `lose` thousandths of what was written.
    fn crash(self, lose: u32) -> impl Future<Output = Self> + Send;

    /// All it holds is lost.
    fn wipe(self) -> impl Future<Output = Self> + Send;
}

/// Runs every case on an implementation.
macro_rules! conformance {
    ($under_test:ty: $($area:ident { $($case:ident)* })*) => {$(
        mod $area {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let mut world = $crate::queue::world::World::<$under_test>::fresh().await;
                    $crate::queue::$area::$case(&mut world).await;
                    world.check().await;
                }
            )*
        }
    )*};
}

/// The list of all cases.
macro_rules! every_case {
    ($under_test:ty) => {
        $crate::queue::conformance! { $under_test:
            push {
                makes_jobs_pending_in_order
                is_applied_only_at_the_wanted_offset
                of_a_zombie_changes_nothing
                to_an_unknown_partition_is_refused
                of_nothing_only_asks
                tells_what_is_wanted_whatever_is_guessed
                settles_offsets_without_entries
                that_contradicts_itself_is_refused_whole
                keeps_partitions_apart
                carries_payloads_of_all_sizes_untouched
            }
            dedup {
                drops_a_job_that_is_alive
                drops_a_keyed_job_that_is_done_within_its_window
                drops_a_repeat_within_one_push
                takes_a_keyed_job_again_after_its_window
                keeps_marks_over_a_restart
            }
            take {
                gives_at_most_what_was_asked_for
                gives_only_offered_types
                is_fair_between_types
                lets_a_late_type_in_at_once
                repeated_gives_the_same_claims
                repeated_gives_nothing_that_was_settled
                counts_attempts
            }
            limits {
                respects_concurrency_over_all_workers
                keeps_the_rate_over_all_workers
                a_type_held_back_by_its_rate_wakes_by_itself
                saves_up_no_more_than_a_burst
                takes_in_no_more_than_max_pending
                counts_only_what_waits_against_max_pending
                lets_redrives_in_although_a_type_is_full
                judges_duplicates_before_max_pending
                enqueues_no_more_than_max_pending
            }
            flow {
                is_fair_by_weights
                gives_nothing_of_a_paused_type
                a_pause_holds_for_workers_of_older_revisions
                a_higher_revision_ends_a_pause
                an_older_revision_changes_no_limits
                a_revision_that_is_silent_about_a_type_changes_nothing
            }
            priority {
                goes_before_age
                is_kept_over_a_restart
                is_kept_when_a_job_comes_back
            }
            suspects {
                are_jobs_whose_lease_ran_out
                are_cleared_by_a_retry
                stay_what_they_are_by_a_release
                that_were_released_stay_so_over_a_restart
                are_told_again_in_a_repeated_take
                are_jobs_in_flight_when_their_process_ended
            }
            record {
                is_the_job_as_it_was_accepted
                has_payloads_of_all_sizes
                of_a_job_that_stands_in_no_log
                is_gone_when_the_job_is_done
                of_neighbours_stays_when_they_are_done
                survives_a_restart
                comes_back_from_the_log_after_a_wipe
            }
            list {
                pages_through_every_live_state
                pages_through_what_is_done
                keeps_to_a_type
                shows_jobs_that_stay_once_while_others_move
                shows_a_job_in_its_newest_run_only
                refuses_what_it_does_not_list
            }
            lease {
                runs_out_and_the_job_comes_back_first
                is_renewed
                that_is_lost_cannot_be_renewed
                that_ran_out_cannot_be_settled
                of_another_worker_fences_the_first
                sweep_returns_at_most_what_was_asked_for
                sweep_returns_no_more_of_several_partitions
            }
            settle {
                a_retry_knows_the_version_it_started_on
                completes_with_output_logs_and_usage
                applies_once
                retries_after_the_pause
                retries_after_any_pause
                keeps_the_last_failure_while_it_is_tried_again
                releases_to_the_front_without_counting
                answers_each_in_order
                forgets_results_after_their_time
            }
            attempts {
                of_a_live_job_are_kept_each
                of_a_completed_job_are_kept
                of_a_dead_job_are_kept
                of_a_cancelled_job_are_kept
                only_the_newest_are_kept
                are_cut_short_when_others_follow
                that_came_to_no_end_are_missing
                of_a_wiped_queue_are_forgotten
            }
            enqueue {
                answers_each_in_order
                is_stored_and_runs_like_any_other
                keeps_no_partition_waiting
                drops_a_keyed_job_that_is_done_within_its_window
                owes_nobody_a_dead_letter
                brings_a_dead_job_back
                does_not_bring_back_what_the_log_is_owed
                can_be_cancelled
            }
            purge {
                throws_letters_away
                leaves_what_is_owed
            }
            bury {
                shows_the_letter_and_owes_it
                settles_the_offset_when_paid
                survives_a_restart_unpaid
                pays_what_is_unknown_without_harm
                owes_at_most_what_was_asked_for
                pages_letters_in_order
            }
            children {
                are_owed_when_their_parent_completes
                settle_their_parents_offset_when_paid
                are_published_by_no_other_verdict
                of_a_lost_claim_are_not_published
                of_a_repeated_settle_are_owed_once
                survive_a_restart_unpaid
                are_owed_in_order_with_letters
                know_when_they_may_run
                go_straight_into_the_queue
                that_are_paid_twice_run_once
                that_are_paid_twice_run_once_whatever_the_window
                that_need_a_log_are_left_to_it
                of_jobs_that_the_log_knows_to_be_settled_are_dropped
                of_a_moved_job_settle_where_it_stands_now
            }
            progress {
                has_a_floor_below_the_oldest_live_job
                has_ranges_above_the_floor
                of_an_unknown_partition_is_nothing
                never_passes_what_is_wanted
            }
            cancel {
                a_pending_job
                a_scheduled_job
                a_job_in_flight_by_revoking_its_claim
                an_unknown_or_done_job_says_no
                comes_through_the_log_too
                leaves_a_mark_for_keyed_jobs
            }
            resume {
                of_a_new_partition_begins_at_the_floor
                drops_pushes_that_were_settled_before
                keeps_the_wanted_offset_of_a_known_partition
                drops_jobs_that_the_log_knows_to_be_settled
                moves_up_to_the_floor
            }
            dead {
                letters_come_from_the_log
                letters_of_live_jobs_are_not_shown
                letters_go_when_they_are_redriven_or_purged
                letters_that_are_owed_do_not_go
                letters_of_a_later_death_do_not_go_with_an_earlier_one
                a_redrive_brings_the_job_back
                a_repeat_of_a_dead_job_is_a_duplicate
                letters_without_a_job_are_kept_too
            }
            ready {
                resolves_when_a_job_is_pushed
                resolves_at_once_after_a_full_take
                does_not_resolve_for_what_cannot_be_taken
                resolves_when_a_place_is_free_again
                resolves_in_time_anyway
                owing_resolves_when_something_is_owed
            }
            counts {
                tell_every_state
                survive_a_restart
            }
            report {
                is_shown_until_its_time_is_over
                replaces_what_the_same_worker_told
                is_no_job_and_outlives_none
            }
            passed {
                is_what_the_last_push_said
                is_kept_by_pushes_that_do_not_say
                is_stored_only_with_the_wanted_offset
                is_forgotten_with_the_queue
            }
            parked {
                a_push_that_is_over_changes_nothing
                room_is_counted_from_the_first_job
                redrives_take_no_room
                a_parked_job_is_settled_and_its_type_waits
                redrives_and_neighbours_pass
                copies_come_before_later_jobs
                parked_jobs_survive_a_restart
                copies_are_early_before_their_origin_was_passed
                copies_obey_max_pending
                a_stale_copy_is_dropped
                a_copy_of_what_was_not_parked_is_dropped
                the_first_of_two_copies_counts
                a_copy_that_is_a_duplicate_counts_as_returned
                a_copy_of_another_type_is_dropped
                a_copy_keeps_attempts_and_due_time
                a_wiped_queue_takes_copies_of_what_was_settled
                a_wiped_queue_takes_no_copies_of_what_it_settles_itself
                the_first_of_two_copies_counts_in_a_wiped_queue
                a_resume_in_between_lets_no_copies_in
                a_rolled_back_queue_takes_copies_of_what_was_settled
                copies_may_come_in_any_order
                a_copy_that_died_on_its_way_is_out_no_more
                an_adopted_partition_of_copies_lets_its_type_go_on
                a_parked_job_that_is_cancelled_is_not_run_when_it_comes
                a_job_that_is_parked_after_its_id_was_cancelled_runs
            }
            copies {
                move_a_pending_job_in_its_place
                move_a_scheduled_job_with_its_attempts
                move_a_job_in_flight_with_its_claim
                survive_a_restart
                move_a_job_again_and_again
                of_a_job_moved_elsewhere_are_dropped
                of_a_job_that_is_done_are_dropped
                of_a_job_whose_letter_is_owed_settle_nothing
                of_a_moved_job_that_died_are_owed_for
                can_be_cancelled
                within_one_push_move_what_it_brings
                need_no_room
                begin_in_a_wiped_queue_where_they_were_moved_to
                that_were_settled_do_not_run_again
                begin_in_a_wiped_queue_once
                begin_in_a_queue_that_was_rolled_back
                of_another_partition_are_refused
            }
            adopt {
                begins_anew
                is_not_undone_by_progress_of_before
                lets_the_jobs_of_before_live_on
                jobs_of_before_have_a_log_again_when_they_come
                keeps_claims_of_before
                settles_nothing_new_for_the_letters_of_before
                survives_a_restart
                keeps_what_was_inherited_and_parked
                keeps_what_was_inherited_of_types_it_does_not_know
                of_parked_jobs_takes_those_that_still_come
                begins_a_partition_that_is_not_known
            }
            survive {
                a_restart_keeps_everything_but_claims
                a_claim_outlives_the_process_or_is_void
                a_restart_counts_the_attempt
                a_crash_loses_whole_operations
                a_wipe_replays_only_what_was_not_settled
                a_claim_of_an_earlier_life_is_void
            }
        }
    };
}

pub(crate) use {conformance, every_case};
