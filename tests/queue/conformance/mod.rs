//! The suite that every broker passes, one line for each, and whether it bites.

mod spoiled;

use futures_util::future::join_all;
use ractor_agents::queue::{Abilities, Embedded, conformance};
use ractor_agents::queue_conformance;

use crate::Result;
use spoiled::{Fault, Spoiled};

queue_conformance!(embedded: {
    let folder = tempfile::tempdir()?;
    (Embedded::in_folder(folder.path()), folder)
});

// What is asked of a broker that can do next to nothing.
queue_conformance!(the_least: {
    let folder = tempfile::tempdir()?;
    let broker = Embedded::in_folder(folder.path());
    (Spoiled { broker, lacking: Abilities::all(), fault: None }, folder)
});

#[test]
fn there_are_sixty_cases_or_more_each_once() {
    let mut cases: Vec<_> = conformance::cases().collect();
    let all = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), all);
    assert!(all >= 60, "{all} cases");
}

#[tokio::test]
async fn a_case_that_there_is_not_is_no_success() -> Result {
    let folder = tempfile::tempdir()?;
    let checked = conformance::check("basics::none", Embedded::in_folder(folder.path())).await;
    assert!(checked.is_err());
    Ok(())
}

/// A case that catches each fault.
const CAUGHT: [(Fault, &str); 28] = [
    (
        Fault::ForgetsAcknowledgements,
        "basics::what_is_acknowledged_is_gone",
    ),
    (
        Fault::NoFences,
        "leases::nothing_can_be_said_under_a_lease_that_was_given_back",
    ),
    (Fault::Shuffles, "basics::the_first_in_is_the_first_out"),
    (
        Fault::OnePriority,
        "priorities::higher_priorities_are_leased_first",
    ),
    (
        Fault::Starves,
        "priorities::a_low_priority_has_its_turn_while_higher_ones_keep_coming",
    ),
    (
        Fault::IgnoresDelays,
        "delay::a_delayed_message_comes_when_it_is_due",
    ),
    (
        Fault::IgnoresTimesToLive,
        "expiry::what_has_expired_is_never_delivered",
    ),
    (
        Fault::IgnoresKeys,
        "dedup::the_same_key_is_the_same_message",
    ),
    (
        Fault::IgnoresGroups,
        "groups::a_group_is_leased_one_at_a_time_in_order",
    ),
    (
        Fault::IgnoresBounds,
        "bounds::what_does_not_fit_is_refused_after_its_wait",
    ),
    (
        Fault::DropsToMakeRoom,
        "bounds::what_does_not_fit_is_refused_after_its_wait",
    ),
    (
        Fault::TearsBatches,
        "bounds::a_batch_that_does_not_fit_is_refused_as_a_whole",
    ),
    (
        Fault::NeverRenews,
        "leases::a_delivery_is_renewed_for_as_long_as_it_is_there",
    ),
    (
        Fault::DropsDeadLetters,
        "dead_letters::what_is_rejected_is_a_dead_letter_that_tells_why",
    ),
    (
        Fault::CountsDeliveries,
        "leases::what_is_given_back_is_in_its_old_place_without_an_attempt",
    ),
    (
        Fault::ForgetsStarts,
        "leases::what_a_handler_has_started_on_is_not_given_back",
    ),
    (
        Fault::RetriesAtOnce,
        "retries::the_next_attempt_is_due_after_its_delay",
    ),
    (
        Fault::NeverPauses,
        "operations::a_paused_queue_gives_nothing_until_it_is_resumed",
    ),
    (
        Fault::PurgesDeadLetters,
        "operations::purging_removes_what_waits_and_nothing_else",
    ),
    (
        Fault::TakesByPeeking,
        "operations::peeking_shows_messages_and_takes_none",
    ),
    (Fault::NeverWaits, "basics::a_lease_waits_for_a_message"),
    (Fault::LosesHeaders, "basics::headers_travel"),
    (
        Fault::LosesWhatIsGivenBack,
        "leases::what_is_given_back_is_in_its_old_place_without_an_attempt",
    ),
    (
        Fault::ForgetsOnOpening,
        "reopening::everything_is_there_in_its_order",
    ),
    (Fault::Doubles, "basics::what_is_acknowledged_is_gone"),
    (
        Fault::Overstates,
        "names::another_swarm_shares_the_queue_or_is_told_that_it_is_in_use",
    ),
    (
        Fault::RefusesToPause,
        "operations::a_paused_queue_gives_nothing_until_it_is_resumed",
    ),
    (
        Fault::OneNamespace,
        "names::one_name_in_two_namespaces_is_two_queues",
    ),
];

/// Whether a case finds the fault. A machine that was away for as long as a message is delayed hides it, hence three times.
async fn is_caught(fault: Fault, case: &str) -> Result<bool> {
    for _ in 0..3 {
        let folder = tempfile::tempdir()?;
        let broker = Spoiled {
            broker: Embedded::in_folder(folder.path()),
            lacking: Abilities::NONE,
            fault: Some(fault),
        };
        if conformance::check(case, (broker, folder)).await.is_err() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test]
async fn whatever_is_broken_is_caught() -> Result {
    let caught = CAUGHT.map(|(fault, case)| async move { (fault, is_caught(fault, case).await) });
    for (fault, is_caught) in join_all(caught).await {
        assert!(is_caught?, "{fault:?} is not caught");
    }
    Ok(())
}
