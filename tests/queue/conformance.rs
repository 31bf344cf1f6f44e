//! The suite that every broker passes, one line for each.

use ractor_agents::queue::{Embedded, conformance};
use ractor_agents::queue_conformance;

queue_conformance!(embedded: {
    let folder = tempfile::tempdir()?;
    (Embedded::in_folder(folder.path()), folder)
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
async fn a_case_that_there_is_not_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = conformance::check("basics::none", Embedded::in_folder(folder.path())).await;
    assert!(checked.is_err());
}
