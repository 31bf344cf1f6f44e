//! Broken on purpose: what these suites are there to find, they find. A suite that does not fails here.

use super::super::ledger::Fault;
use super::super::log::simulate;
use super::dice::{Dice, seed};
use super::{errors, power};

/// How much of a suite has to find it.
const IMAGES: usize = 1_000;

/// Who asked is answered, and then it is written: a power cut in between loses what was acknowledged.
#[tokio::test]
async fn answers_before_the_commit_are_caught() {
    let mut dice = Dice::new(seed());
    for _ in 0..IMAGES {
        let at = dice.below(200);
        let outcome = errors::run(Some(Fault::AnswersBeforeCommit), |disk| {
            disk.fail_at(at, simulate::Fault::Failed);
        });
        if let Err(found) = outcome.await {
            println!("found: {found}");
            return;
        }
    }
    panic!("not caught");
}

/// A message is deleted in one commit and a dead letter in the next: a power cut in between has lost it.
#[test]
fn a_burial_in_two_commits_is_caught() {
    let found = power::run(IMAGES, seed(), Some(Fault::BurialInTwoRecords));
    println!("found: {}", shortened(&found.expect_err("caught")));
}

/// A token is as good as any: whoever lost a lease can still end the message of who has it now.
#[test]
fn a_queue_without_fencing_is_caught() {
    let found = power::run(IMAGES, seed(), Some(Fault::NoFencing));
    let found = found.expect_err("caught");
    assert!(found.contains("Err("), "{found}");
    println!("found: {}", shortened(&found));
}

/// An attempt counts when the message is leased.
#[test]
fn attempts_that_count_from_the_lease_on_are_caught() {
    let found = power::run(IMAGES, seed(), Some(Fault::AttemptsCountAtLease));
    println!("found: {}", shortened(&found.expect_err("caught")));
}

/// A state of a queue is long.
fn shortened(found: &str) -> String {
    found.chars().take(200).collect()
}
