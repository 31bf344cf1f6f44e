//! Kills agents and supervisors at random, for as long as the audit runs.

use std::convert::Infallible;
use std::time::Duration;

use ractor_agents::supervision::Kind;
use ractor_agents::swarm::Swarm;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::{MissedTickBehavior, interval};

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

/// Kills a random actor of the swarm per interval, all but the root supervisor, until it is dropped. With a supervisor go
/// the agents under it, and they come back with it.
pub async fn run(chaos: Option<Chaos>, swarm: &Swarm) -> Infallible {
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
        let kind = if random.random_ratio(1, SUPERVISORS) {
            Kind::Supervisor
        } else {
            Kind::Worker
        };
        let tree = swarm.tree();
        let all = tree.nodes().iter();
        let victims = all.filter(|node| node.kind == kind && !node.path.is_top());
        if let Some(victim) = victims.choose(&mut random) {
            victim.kill();
        }
    }
}
