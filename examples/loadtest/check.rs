//! The project's original targets, and by what factor each is beaten.

use ractor_agents::prelude::Result;

use crate::generator::{self, Load};
use crate::outcome::Outcome;
use crate::worker::Layers;

/// The targets. Source: the project's first specification.
const AGENTS: u32 = 1_000;
const PER_MINUTE: f64 = 10_000.0;
const PER_SECOND: f64 = 1_000.0;
const RESPONSE_MS: f64 = 500.0;
const SUCCESS: f64 = 0.99;

/// How long each of the two rates is held; the targets themselves name a minute and no time at all.
const SECONDS: f64 = 5.0;
/// How long each step of the search for the highest rate takes.
const STEP_SECONDS: f64 = 1.0;
/// The highest rate that is tried.
const PER_SECOND_MAX: f64 = 500_000.0;
/// How many agents the last measurement has.
const AGENTS_MORE: u32 = 20_000;

/// Measures all of them; whether none was missed.
pub async fn run() -> Result<bool> {
    println!(
        "each rate is held for {SECONDS} s, not for a minute, so that all of this takes less than 30 s\n"
    );
    let minute = show(load(AGENTS, PER_MINUTE / 60.0, SECONDS)).await?;
    let second = show(load(AGENTS, PER_SECOND, SECONDS)).await?;
    let crowd = show(load(AGENTS_MORE, PER_SECOND, STEP_SECONDS)).await?;
    let highest = highest_rate().await?;
    println!();
    let measured = [&minute, &second];
    let mean = measured.map(|outcome| outcome.response.mean);
    let mean = mean.into_iter().fold(0.0, f64::max);
    let failed = measured.map(|outcome| 1.0 - outcome.success());
    let failed = failed.into_iter().fold(0.0, f64::max);
    let lost = minute.lost + second.lost + crowd.lost;
    let agents = if holds(&crowd) { AGENTS_MORE } else { AGENTS };
    let verdicts = [
        verdict(
            "1,000 agents",
            holds(&second),
            f64::from(agents) / f64::from(AGENTS),
        ),
        verdict(
            "10,000 messages a minute",
            holds(&minute),
            highest * 60.0 / PER_MINUTE,
        ),
        verdict(
            "1,000 messages a second",
            holds(&second),
            highest / PER_SECOND,
        ),
        verdict(
            "mean response under 500 ms",
            mean < RESPONSE_MS,
            RESPONSE_MS / mean,
        ),
        verdict(
            "over 99 % success",
            failed < 1.0 - SUCCESS,
            (1.0 - SUCCESS) / failed,
        ),
        verdict("no message lost", lost == 0, f64::NAN),
    ];
    Ok(verdicts.into_iter().all(|is_met| is_met))
}

fn load(agents: u32, rate: f64, seconds: f64) -> Load {
    Load {
        rate,
        agents,
        payload: 64,
        layers: Layers::None,
        seconds,
    }
}

async fn show(load: Load) -> Result<Outcome> {
    let outcome = generator::run(&load).await?;
    println!("{outcome}");
    Ok(outcome)
}

/// Whether an outcome is within all targets and keeps up with its rate.
fn holds(outcome: &Outcome) -> bool {
    let is_keeping_up = outcome.per_second > outcome.load.rate * 0.9;
    let is_in_time = outcome.response.mean < RESPONSE_MS;
    is_keeping_up && is_in_time && outcome.success() > SUCCESS && outcome.lost == 0
}

/// The highest of the rates tried that is held within all targets; each is twice the one before.
async fn highest_rate() -> Result<f64> {
    let mut held = 0.0;
    let mut rate = PER_SECOND * 4.0;
    while rate <= PER_SECOND_MAX {
        let outcome = generator::run(&load(AGENTS, rate, STEP_SECONDS)).await?;
        if !holds(&outcome) {
            break;
        }
        held = rate;
        rate *= 2.0;
    }
    println!("highest rate held within the targets, of those tried: {held:.0} messages/s");
    Ok(held)
}

fn verdict(target: &str, is_met: bool, factor: f64) -> bool {
    let word = if is_met { "met" } else { "MISSED" };
    let by = if !is_met || factor.is_nan() {
        String::new()
    } else if factor.is_infinite() {
        ", without a single failure".to_owned()
    } else {
        format!(", beaten by a factor of {factor:.0}")
    };
    println!("{target}: {word}{by}");
    is_met
}
