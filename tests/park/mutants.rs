//! The model with one step left out must be caught, or it proves nothing.
//!
//! Loom ends a stuck exploration by aborting the process, so each mutant has a process of its own: this test program
//! again, told by an environment variable which one it is.

use std::process::{Command, Stdio};

use crate::consumer::{one_sender, two_senders};
use crate::explore;
use crate::protocol::Mutant;
use crate::senders::{one_gives_up, one_waits};

const VARIABLE: &str = "PARK_MUTANT";

const ALL: [Mutant; 8] = [
    Mutant::None,
    Mutant::ParksOnTheHint,
    Mutant::ParksAfterTheLook,
    Mutant::InsertsInSilence,
    Mutant::ClosesInSilence,
    Mutant::SettlesInSilence,
    Mutant::ParksUnsettled,
    Mutant::LeavesWithItsRoom,
];

#[test]
fn the_model_notices_every_step_that_is_left_out() {
    for mutant in ALL {
        let program = std::env::current_exe().expect("this program");
        let status = Command::new(program)
            .args(["--exact", "mutants::in_a_process_of_its_own", "--ignored"])
            .env(VARIABLE, format!("{mutant:?}"))
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("it runs");
        assert_eq!(status.success(), mutant == Mutant::None, "{mutant:?}");
    }
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn in_a_process_of_its_own() {
    let name = std::env::var(VARIABLE).unwrap_or_else(|_| format!("{:?}", Mutant::None));
    let is_named = |mutant: &Mutant| format!("{mutant:?}") == name;
    let mutant = ALL.into_iter().find(is_named).expect("a mutant");
    match mutant {
        Mutant::None => {
            explore(2, one_sender(mutant));
            explore(2, one_waits(2, mutant));
        }
        Mutant::ParksOnTheHint | Mutant::ParksAfterTheLook | Mutant::InsertsInSilence => {
            explore(3, one_sender(mutant));
        }
        Mutant::ClosesInSilence => explore(2, two_senders(mutant)),
        Mutant::SettlesInSilence => explore(2, one_waits(2, mutant)),
        Mutant::ParksUnsettled => explore(2, one_waits(3, mutant)),
        Mutant::LeavesWithItsRoom => explore(2, one_gives_up(mutant)),
    }
}
