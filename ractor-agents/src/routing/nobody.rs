//! What is told where nobody can be given a message.

use std::time::Duration;

use super::core::Core;
use super::{NoCandidate, PassedOver, RouteError};
use crate::swarm::Inner;

/// How many candidates an error names.
const NAMED_MAX: usize = 16;

/// How many names it suggests.
const NEAREST_MAX: usize = 3;

/// From which likeness on a name is worth being suggested, 0 to 1. Source: what Cargo and clap take.
const LIKENESS_MIN: f64 = 0.7;

/// What is told to whoever gets the message back. `why_not` is why an agent is passed over, whatever its state.
pub(super) fn no_candidate<M>(
    core: &Core,
    why_not: impl Fn(u64) -> Option<PassedOver>,
    waited: Duration,
    message: Box<M>,
) -> RouteError<M> {
    match core.swarm.upgrade() {
        Some(swarm) => RouteError::NoCandidate {
            nobody: nobody(core, &swarm, why_not, waited),
            message,
        },
        None => RouteError::Ended(message),
    }
}

/// Why it is nobody.
pub(super) fn nobody(
    core: &Core,
    swarm: &Inner,
    why_not: impl Fn(u64) -> Option<PassedOver>,
    waited: Duration,
) -> NoCandidate {
    let considered = core.explain_choice(None, None, why_not).considered;
    let nearest = if considered.is_empty() {
        nearest(
            core.source.name(),
            swarm.index.names_of(core.source.facet()),
        )
    } else {
        Vec::new()
    };
    let passed_over = considered
        .into_iter()
        .filter_map(|considered| Some((considered.agent, considered.passed_over?)))
        .take(NAMED_MAX)
        .collect();
    NoCandidate {
        asked: core.source.to_string(),
        waited,
        passed_over,
        nearest,
    }
}

/// The names most like `wanted`, the nearest first.
fn nearest(wanted: &str, known: Vec<String>) -> Vec<String> {
    let mut like: Vec<(f64, String)> = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wanted, &name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    like.sort_by(|one, two| two.0.total_cmp(&one.0).then_with(|| one.1.cmp(&two.1)));
    like.truncate(NEAREST_MAX);
    like.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_that_may_have_been_meant_come_first() {
        let known = ["summarise", "translate", "summary", "sum"].map(str::to_owned);
        assert_eq!(
            nearest("sumarise", known.to_vec()),
            ["summarise", "sum", "summary"]
        );
        assert!(nearest("xyz", known.to_vec()).is_empty());
    }
}
