//! Kills agents and supervisors at random, for as long as the audit runs.

use std::convert::Infallible;
use std::time::Duration;

use ractor_agents::agent::{Agent, AgentRef};
use ractor_agents::swarm::Swarm;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::{MissedTickBehavior, interval};

use crate::team::Team;

/// How often somebody is killed, and the seed of the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// One victim per interval.
    pub interval: Duration,
    /// Victims are the same for the same seed; when they are hit is up to the machine.
    pub seed: u64,
}

/// One victim in so many is a supervisor. Source: a guess; with the team of a small machine, about its share of the tree.
const SUPERVISORS: u32 = 8;

/// Kills a random actor of the swarm per interval, all but the root supervisor, until it is dropped.
pub async fn run(chaos: Option<Chaos>, swarm: &Swarm, team: &Team) -> Infallible {
    let Some(Chaos {
        interval: every,
        seed,
    }) = chaos
    else {
        return std::future::pending().await;
    };
    let mut random = StdRng::seed_from_u64(seed);
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if random.random_ratio(1, SUPERVISORS) {
            kill_supervisor(team, &mut random);
        } else if let Some(victim) = swarm.agents().choose(&mut random) {
            swarm.kill(*victim);
        }
    }
}

/// Kills the supervisor of an agent, or the one above: the agents under it go with it, and come back with it.
fn kill_supervisor(team: &Team, random: &mut StdRng) {
    let levels = random.random_range(1..=2);
    match random.random_range(0..4) {
        0 => kill_above(&team.scout, levels),
        1 => kill_above(&team.reporter, levels),
        2 => team
            .analysts
            .choose(random)
            .is_some_and(|agent| kill_above(agent, levels)),
        _ => team
            .auditors
            .choose(random)
            .is_some_and(|agent| kill_above(agent, levels)),
    };
}

/// Kills the supervisor so many levels above `agent`. False if there is none just now.
fn kill_above<A: Agent>(agent: &AgentRef<A>, levels: u32) -> bool {
    let above = (0..levels).fold(agent.actor(), |actor, _| actor?.try_get_supervisor());
    above.inspect(|supervisor| supervisor.kill()).is_some()
}
