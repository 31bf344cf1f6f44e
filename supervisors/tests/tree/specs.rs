//! Specifications are checked before anything starts.

use std::time::Duration;

use supervisors::*;

use crate::support::*;

fn refused(supervisor: impl std::borrow::Borrow<Supervisor>) -> SpecError {
    supervisor
        .borrow()
        .validate()
        .expect_err("it makes no sense")
}

#[test]
fn senseless_specifications_are_refused_by_name() {
    let staff = Staff::default();
    let a = || staff.worker("a");
    let top = Supervisor::one_for_one;
    assert_eq!(
        refused(top().child(a()).child(a())),
        SpecError::DuplicateId { id: "a".into() }
    );
    assert_eq!(refused(top().child(staff.worker(""))), SpecError::EmptyId);
    let any = top().auto_shutdown(AutoShutdown::AnySignificant);
    assert_eq!(
        refused(any.clone().child(a().significant(true))),
        SpecError::SignificantPermanent { id: "a".into() }
    );
    assert_eq!(
        refused(any.child(a())),
        SpecError::AutoShutdownWithoutSignificant
    );
    assert_eq!(
        refused(top().child(a().significant(true).restart(Restart::Transient))),
        SpecError::SignificantWithoutAutoShutdown { id: "a".into() }
    );
    assert_eq!(
        refused(top().child(a().shutdown(Shutdown::Timeout(Duration::ZERO)))),
        SpecError::ZeroShutdown { id: "a".into() }
    );
    let endless = a().shutdown(Shutdown::Timeout(Duration::MAX));
    assert!(matches!(
        refused(top().child(endless)),
        SpecError::OutOfRange { .. }
    ));
    assert!(matches!(
        refused(top().intensity(Intensity::new(1, Duration::ZERO))),
        SpecError::OutOfRange { .. }
    ));
    let too_many = Intensity::new(Intensity::RESTARTS_MAX + 1, Duration::from_secs(1));
    assert!(matches!(
        refused(top().intensity(too_many)),
        SpecError::IntensityTooLarge { .. }
    ));
    let upside_down = Backoff::new(Duration::from_secs(2), Duration::from_secs(1));
    assert!(matches!(
        refused(top().child(a().backoff(upside_down))),
        SpecError::BackoffAboveCap { .. }
    ));
    assert!(matches!(
        refused(top().kill_grace(Duration::ZERO)),
        SpecError::OutOfRange { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn refused_tree_starts_nobody() {
    let system = System::current();
    let staff = Staff::default();
    let tree = Supervisor::one_for_one()
        .child(staff.worker("b"))
        .child(staff.worker("a"))
        .child(staff.worker("a"));
    let error = system.start(tree).await.unwrap_err();
    assert_eq!(
        error,
        CommandError::Spec(SpecError::DuplicateId { id: "a".into() })
    );
    assert!(staff.journal.take().is_empty());
}

#[test]
fn names_compare_and_print_by_what_they_are() {
    assert_eq!(ChildId::from("a"), ChildId::from(String::from("a")));
    assert_ne!(ChildId::from("7"), ChildId::from(7));
    assert_eq!(ChildId::from(7).to_string(), "7");
    assert!(ChildId::from(9) < ChildId::from(10));
}
