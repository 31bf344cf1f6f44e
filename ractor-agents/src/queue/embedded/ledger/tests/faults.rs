//! The reference finds what it is there to find.

pub(super) use super::super::faults::Fault;
use super::properties::first_fault;

#[test]
fn a_ledger_without_fencing_is_caught() {
    let found = first_fault(Some(Fault::NoFencing)).expect("caught");
    assert!(found.contains("Err("), "{found}");
}

#[test]
fn a_burial_in_two_records_is_caught() {
    let found = first_fault(Some(Fault::BurialInTwoRecords)).expect("caught");
    assert!(found.contains("is nowhere after"), "{found}");
}

#[test]
fn attempts_counted_at_the_lease_are_caught() {
    let found = first_fault(Some(Fault::AttemptsCountAtLease)).expect("caught");
    assert!(
        found.contains("attempt") || found.contains("release"),
        "{found}"
    );
}
