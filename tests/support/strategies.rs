//! The strategies of routers, one of which is as good as another.

use ractor_agents::prelude::Agent;
use ractor_agents::routing::{
    LeastConnections, LeastResponseTime, PowerOfTwo, ResourceBased, RoundRobin, Router,
    WeightedRoundRobin,
};

use crate::Random;

/// Has the router choose by another strategy, any of the six.
pub fn change_strategy<A: Agent>(router: &Router<A>, random: &mut Random) {
    match random.below(6) {
        0 => router.set_strategy(RoundRobin::default()),
        1 => router.set_strategy(LeastConnections::default()),
        2 => router.set_strategy(PowerOfTwo::default()),
        3 => router.set_strategy(LeastResponseTime::default()),
        4 => router.set_strategy(ResourceBased::default()),
        _ => router.set_strategy(WeightedRoundRobin::default()),
    }
}
