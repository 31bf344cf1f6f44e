//! Random lives of a queue agree with the reference at every step: what each operation says, who is leased next, every number,
//! what is on disk, and what the records make of it, one by one and read anew from the log, before and after segments are
//! retired. 256 lives of up to 200 steps; `PROPTEST_CASES` asks for more.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::faults::Fault;
use super::rig::Rig;
use super::steps::{Step, settings, step};
use super::*;

fn live(settings: Settings, steps: &[Step], fault: Option<Fault>) -> Result<Rig, String> {
    let mut rig = Rig::new(settings, fault)?;
    for (at, step) in steps.iter().enumerate() {
        rig.step(step)
            .map_err(|error| format!("step {at}, {step:?}: {error}"))?;
    }
    Ok(rig)
}

/// The shortest life found that goes wrong, and how.
pub(super) fn first_fault(fault: Option<Fault>) -> Option<String> {
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let outcome =
        TestRunner::new(config).run(&(settings(), vec(step(), 1..200)), |(settings, steps)| {
            live(settings, &steps, fault)
                .map(|_| ())
                .map_err(TestCaseError::fail)
        });
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(reason, life)) => Some(format!("{reason}\n{life:#?}")),
        Err(TestError::Abort(reason)) => Some(reason.to_string()),
    }
}

#[test]
fn random_lives_agree_with_the_reference() {
    if let Some(fault) = first_fault(None) {
        panic!("{fault}");
    }
}

/// What is never met is not tested.
#[test]
fn random_lives_meet_every_record_and_every_error() {
    let mut runner = TestRunner::deterministic();
    let lives = (settings(), vec(step(), 200));
    let mut met = BTreeSet::new();
    for _ in 0..128 {
        let (settings, steps) = lives.new_tree(&mut runner).unwrap().current();
        met.append(&mut live(settings, &steps, None).unwrap().met);
    }
    let records = [
        "Opened",
        "Enqueued",
        "Started",
        "Acked",
        "Retried",
        "Buried",
        "Redriven",
        "Discarded",
        "Purged",
        "Paused",
        "Carried",
        "Remembered",
        "Header",
    ];
    let stale = [
        "Restarted",
        "Unknown",
        "Gone",
        "Dead",
        "Replaced",
        "Expired",
        "GivenBack",
    ];
    let refused = ["Full(Count", "Full(Bytes", "NeverFits(Bytes"];
    let errors = stale.iter().map(|stale| format!("Err({stale})"));
    let errors = errors
        .chain(stale.iter().map(|stale| format!("Err(Stale({stale}))")))
        .chain(refused.iter().map(|refused| format!("Err({refused}")))
        .chain(["Err(Started)".to_string()])
        .chain(records.map(String::from));
    for wanted in errors {
        assert!(
            met.iter().any(|met| met.starts_with(&wanted)),
            "{wanted} of {met:#?}"
        );
    }
}
