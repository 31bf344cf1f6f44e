//! What every broker has to do, as a suite of tests that a broker passes.
//!
//! Each case is one claim about a queue, in words; it is played through the public API, on a queue of its own, in real time. Where a
//! broker's [`Guarantees`](super::Guarantees) lack an [`Ability`](super::Ability), the case asserts what is promised instead: that the operation is refused with
//! [`Unsupported`](super::Error::Unsupported), or the weaker thing that still holds. No case passes by doing nothing.
//!
//! A broker's author has one line to write, in a test:
//!
//! ```
//! use ractor_agents::queue::Embedded;
//! use ractor_agents::queue_conformance;
//!
//! queue_conformance!(embedded: {
//!     let folder = tempfile::tempdir()?;
//!     (Embedded::in_folder(folder.path()), folder)
//! });
//! # fn main() {}
//! ```
//!
//! That is a module `embedded` with a `#[tokio::test]` for each case, so the crate with the test depends on `tokio` with its features `macros` and
//! `rt-multi-thread`. The expression in braces makes a [`Fixture`]: the broker, or the broker and whatever has to live as long, such as a folder or the process of a
//! server. It is evaluated for each case, may await, and may use `?` on any error. Cases that share a server do not meet, since no two of them use the
//! same names, in this run or in another.
//!
//! Whoever has a harness of their own, or no `tokio::test`, plays [`cases`] by [`check`].
//!
//! Not in here is what takes a broker apart: servers that are killed, disks that fail, clocks that jump.

mod basics;
mod bounds;
mod breach;
mod crowds;
mod dead_letters;
mod dedup;
mod delay;
mod expiry;
mod groups;
mod leases;
mod names;
mod operations;
mod priorities;
mod raw;
mod reopening;
mod requirements;
mod retries;
mod stage;

use std::sync::Arc;
use std::time::Duration;

pub use breach::Breach;
use breach::Verdict;
use stage::Stage;

use super::Broker;

/// A broker to play a case on, and what has to live as long.
///
/// Whatever is a [`Broker`] and can be cloned is one, so is a shared broker, and so is a pair of one of these and anything else, which is kept until the case
/// is over.
pub trait Fixture: Send {
    /// The broker. It may be asked more than once, and gives the same queues each time.
    fn broker(&self) -> Arc<dyn Broker>;
}

impl Fixture for Arc<dyn Broker> {
    fn broker(&self) -> Arc<dyn Broker> {
        Arc::clone(self)
    }
}

impl<B: Broker + Clone> Fixture for B {
    fn broker(&self) -> Arc<dyn Broker> {
        Arc::new(self.clone())
    }
}

impl<F: Fixture, Guard: Send> Fixture for (F, Guard) {
    fn broker(&self) -> Arc<dyn Broker> {
        self.0.broker()
    }
}

/// How long a case may take before it counts as hanging. Source: a guess; the longest takes a few seconds on an idle machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Plays one of the [`cases`] on a broker.
///
/// # Errors
/// [`Breach`] tells what the broker did that it must not, or that there is no such case.
///
/// # Cancel safety
/// Dropped, the case is left as it is: its queues stay at the broker.
pub async fn check(case: &str, fixture: impl Fixture) -> Result<(), Breach> {
    let mut stage = Stage::new(fixture.broker())?;
    let played = tokio::time::timeout(LIMIT, play(case, &mut stage)).await;
    stage.end().await;
    // Only now may the server go.
    drop(fixture);
    played.unwrap_or_else(|_| Err(Breach::new(format!("not done within {LIMIT:?}"))))
}

/// A test for each of the [`cases`](crate::queue::conformance::cases) of the suite, in a module of this name, for the broker that the expression makes a
/// [`Fixture`](crate::queue::conformance::Fixture) of. The [module](crate::queue::conformance) has an example.
#[macro_export]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
macro_rules! queue_conformance {
    ($name:ident: $fixture:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "the fixture may need none of it")]
            use super::*;

            $crate::__queue_conformance_cases! { ($crate::__queue_conformance_tests) [$fixture] }
        }
    };
}

/// The tests of one broker.
#[doc(hidden)]
#[macro_export]
macro_rules! __queue_conformance_tests {
    ([$fixture:expr] $($theme:ident { $($case:ident)+ })+) => {
        $(mod $theme {
            #[allow(unused_imports, reason = "the fixture may need none of it")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() -> ::std::result::Result<(), ::std::boxed::Box<dyn ::std::error::Error + Send + Sync>> {
                    let case = concat!(stringify!($theme), "::", stringify!($case));
                    let fixture = $fixture;
                    Ok($crate::queue::conformance::check(case, fixture).await?)
                }
            )+
        })+
    };
}

/// The cases by name.
macro_rules! plays {
    ([] $($theme:ident { $($case:ident)+ })+) => {
        /// The names of all cases, each after its theme: `basics::headers_travel`.
        pub fn cases() -> impl Iterator<Item = &'static str> {
            [$($(concat!(stringify!($theme), "::", stringify!($case))),+),+].into_iter()
        }

        async fn play(case: &str, stage: &mut Stage) -> Verdict {
            match case {
                $($(concat!(stringify!($theme), "::", stringify!($case)) => {
                    Box::pin($theme::$case(stage)).await
                })+)+
                _ => Err(Breach::new(format!("there is no case {case}"))),
            }
        }
    };
}

/// All cases, once: calls the macro in parentheses with what is in brackets and the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __queue_conformance_cases {
    (($($callback:tt)*) $arguments:tt) => {
        $($callback)* ! {
            $arguments
            basics {
                a_message_is_leased_as_it_was_sent
                an_empty_queue_gives_nothing_at_once
                a_lease_waits_for_a_message
                a_lease_ends_its_wait_where_nothing_comes
                many_who_wait_are_each_given_one
                what_is_acknowledged_is_gone
                what_is_leased_is_nobody_elses
                as_many_are_leased_as_there_are_up_to_the_maximum
                the_first_in_is_the_first_out
                headers_travel
                what_cannot_be_read_is_a_dead_letter_and_the_next_is_given
                an_empty_batch_is_nothing
                a_batch_is_taken_in_in_order_with_a_receipt_for_each
                a_message_as_long_as_its_codec_takes_and_an_empty_one
                a_message_that_is_too_long_for_its_codec_is_not_sent
            }
            priorities {
                higher_priorities_are_leased_first
                each_priority_keeps_its_order_while_others_come
                a_low_priority_has_its_turn_while_higher_ones_keep_coming
                each_of_five_priorities_has_its_share
                strict_priorities_never_invert
            }
            delay {
                a_delayed_message_comes_when_it_is_due
                a_delayed_message_is_there_when_it_is_due_though_nobody_waits
                a_time_in_the_past_is_now
                a_message_for_a_time_comes_then
                delayed_messages_come_in_the_order_in_which_they_are_due
                a_delayed_message_holds_nobody_up
            }
            expiry {
                what_has_expired_is_a_dead_letter_though_nobody_asks
                what_has_expired_is_never_delivered
                a_message_in_time_tells_how_long_it_lives
                a_handler_that_has_started_may_finish
                a_lease_without_a_start_does_not_keep_it_alive
                no_attempt_follows_one_that_fails_after_the_end
                a_low_one_expires_behind_a_high_one_that_does_not
                a_delayed_one_expires_before_it_is_due
            }
            dedup {
                the_same_key_is_the_same_message
                without_a_key_every_message_is_one_of_its_own
                it_is_remembered_when_it_is_acknowledged
                it_is_remembered_when_it_is_purged
                it_is_remembered_when_it_is_dead_and_discarded
                it_is_forgotten_when_the_window_ends
                the_same_content_is_the_same_message_where_that_is_chosen
                a_key_wins_over_the_content
                the_same_name_is_one_as_long_as_it_is_there
                a_message_twice_in_a_batch_is_one
                nothing_is_forgotten_before_its_time_to_remember_another
                of_many_at_once_with_one_key_one_is_taken_in
            }
            leases {
                a_lease_that_nobody_renews_runs_out
                nothing_can_be_said_under_a_lease_that_has_run_out
                nothing_can_be_said_under_a_lease_that_was_given_back
                nothing_can_be_said_of_what_is_done_with
                a_second_acknowledgement_is_stale
                a_delivery_is_renewed_for_as_long_as_it_is_there
                a_lease_can_be_extended
                what_is_given_back_is_in_its_old_place_without_an_attempt
                what_a_handler_has_started_on_is_not_given_back
                a_dropped_delivery_is_given_back
                a_delivery_dropped_after_its_start_is_a_failed_attempt
                every_lease_of_a_message_has_a_greater_fence
                a_lease_from_before_an_opening_is_nobodys
                dropped_leases_lose_nothing
                who_was_leased_beside_one_that_fails_has_lost_no_attempt
            }
            retries {
                a_failed_message_comes_again_and_tells_of_it
                the_next_attempt_is_due_after_its_delay
                the_pause_before_an_attempt_is_within_its_bounds
                what_failed_together_does_not_come_again_together
                after_its_last_attempt_it_is_a_dead_letter
                a_start_counts_once
                a_failure_counts_without_a_start
                a_message_may_have_attempts_of_its_own
                a_lease_that_runs_out_unstarted_costs_no_attempt
                what_takes_its_handlers_with_it_is_a_dead_letter_in_the_end
                a_failed_message_waits_apart_while_others_go_on
                of_a_long_error_the_beginning_is_kept
            }
            dead_letters {
                what_is_rejected_is_a_dead_letter_that_tells_why
                dead_letters_are_shown_in_pages_in_the_order_of_their_deaths
                dead_letters_are_filtered_by_reason
                dead_letters_are_filtered_by_time
                a_letter_that_is_redriven_has_its_name_its_past_and_all_attempts
                letters_are_redriven_by_filter_oldest_first
                all_letters_are_redriven_to_the_end_of_the_line
                names_that_no_letter_has_are_passed_over
                redriving_is_not_enqueueing_a_duplicate
                what_is_redriven_has_no_end_any_more
                letters_are_discarded_for_good
                only_as_many_are_kept_as_are_chosen_the_oldest_go
                dead_letters_take_no_room
                letters_that_do_not_fit_are_not_redriven
            }
            groups {
                a_group_is_leased_one_at_a_time_in_order
                groups_go_on_side_by_side
                a_retry_holds_its_group_up
                what_is_given_back_comes_before_the_rest_of_its_group
                a_dead_letter_lets_its_group_go_on
                a_delayed_message_does_not_hold_its_group_up
                a_group_of_each_priority_is_one_of_its_own
                a_group_has_a_short_name
            }
            bounds {
                what_does_not_fit_is_refused_after_its_wait
                it_waits_for_room_and_gets_it
                purging_makes_room
                what_is_on_lease_or_delayed_takes_room
                bytes_are_bounded_too
                what_never_fits_is_refused_at_once
                a_batch_that_does_not_fit_is_refused_as_a_whole
                a_duplicate_needs_no_room
            }
            operations {
                peeking_shows_messages_and_takes_none
                peeking_tells_where_messages_are
                purging_removes_what_waits_and_nothing_else
                a_paused_queue_gives_nothing_until_it_is_resumed
                who_waits_while_it_is_paused_gets_a_message_when_it_is_resumed
                the_numbers_agree
            }
            names {
                one_name_in_two_namespaces_is_two_queues
                two_names_are_two_queues
                a_long_name_is_one_too
                a_second_handle_is_the_same_queue
                an_open_queue_is_not_opened_otherwise
                a_closed_queue_refuses_everything
                whoever_waits_is_told_when_it_is_closed
                a_closed_queue_can_be_opened_again
                another_swarm_shares_the_queue_or_is_told_that_it_is_in_use
            }
            reopening {
                everything_is_there_in_its_order
                what_was_on_lease_is_available_again
                a_lease_of_the_former_opening_changes_nothing_of_the_next
                what_was_done_stays_done
                dead_letters_are_there_with_their_history
                keys_are_remembered
                what_was_delayed_is_due_at_its_time
                what_expires_meanwhile_is_dead
                a_retry_is_due_at_its_time
                a_paused_queue_is_paused_still
                groups_keep_their_order
                a_smaller_bound_drops_nothing
            }
            crowds {
                each_message_is_handled_once_by_one
                each_group_is_handled_in_order_by_many
                a_narrow_queue_lets_everything_through
                what_fails_comes_again_until_it_is_done_or_dead
                whoever_holds_messages_keeps_nobody_from_the_rest
                dropped_enqueues_are_there_once_or_not_at_all
            }
            requirements {
                what_is_given_can_be_required
                what_is_not_given_is_refused_with_advice
                guarantees_are_the_same_each_time
            }
        }
    };
}

__queue_conformance_cases! { (plays) [] }
