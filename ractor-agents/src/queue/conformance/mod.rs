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
mod breach;
mod leases;
mod priorities;
mod raw;
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
            }
        }
    };
}

__queue_conformance_cases! { (plays) [] }
