//! A process that uses an embedded queue is killed at any moment, again and again, and from outside it is looked at what became of what was
//! answered: no acknowledged message is lost, none comes back, none is there twice, attempts are counted, and nothing is stuck.
//!
//! The test starts this very program as a child ([`child`]). The child has eight who enqueue, eight who lease and one operator; each writes down what it
//! is about to ask, and what it was answered ([`line`]). After a time between 5 and 150 ms it is killed by SIGKILL, sometimes while it opens
//! the queue. [`known`] has what follows from the lines, and compares.

mod child;
mod known;
mod line;
mod rounds;
mod wrong;

use tests::Random;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// Where a child finds the queue; only a child has this variable.
const FOLDER: &str = "QUEUE_CRASH_FOLDER";
/// Where it writes what it does.
const TALE: &str = "QUEUE_CRASH_TALE";
/// What all chance is drawn from.
const SEED: &str = "QUEUE_SEED";

/// The process that is killed; no test by itself.
#[test]
#[ignore = "is started by the other test"]
fn child() -> Result {
    let (Some(folder), Some(tale)) = (std::env::var_os(FOLDER), std::env::var_os(TALE)) else {
        return Ok(());
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(child::live(
        folder.as_ref(),
        tale.as_ref(),
        Random::seed(SEED),
    ))
}

/// `QUEUE_KILLS` is how many processes are killed (50 by default).
#[test]
fn a_process_killed_at_any_moment_loses_nothing_that_was_answered() -> Result {
    let kills = std::env::var("QUEUE_KILLS").map_or(Ok(50), |kills| kills.parse())?;
    let seed = Random::seed(SEED);
    println!("{SEED}={seed}");
    let figures = rounds::run(kills, seed)?;
    println!("{kills} kills: {figures:?}");
    assert!(
        figures.acked > kills && figures.unanswered > kills,
        "too little was done to say anything: {figures:?}"
    );
    Ok(())
}
