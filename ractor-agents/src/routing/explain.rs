//! Why a router chooses whom.

use std::fmt;

use super::PassedOver;
use crate::agent::AgentId;

/// Whom a router would choose at the time of the question, and why not the others. Made by [`Router::explain`](super::Router::explain).
///
/// Its `Display` is a line for each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What was asked for.
    pub asked: String,
    /// The strategy, or that the key decides.
    pub strategy: &'static str,
    /// Who would get the message. `None` if nobody would.
    pub chosen: Option<AgentId>,
    /// Everybody who was looked at, the best first, then those who were passed over for another reason.
    pub considered: Vec<Considered>,
}

/// One candidate of an [`Explanation`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Considered {
    /// Who.
    pub agent: AgentId,
    /// How good a choice it would be by the strategy: the lower the better. `None` if it is out of the question.
    pub score: Option<f64>,
    /// How many messages it has in hand, in line and scheduled.
    pub load: u64,
    /// Why it was passed over. `None` for the one that was chosen.
    pub passed_over: Option<PassedOver>,
}

impl Explanation {
    /// Why this agent was passed over, if it was.
    pub fn why_not(&self, agent: AgentId) -> Option<&PassedOver> {
        let mut considered = self.considered.iter();
        let of_agent = considered.find(|considered| considered.agent == agent)?;
        of_agent.passed_over.as_ref()
    }

    pub(super) fn sort(&mut self) {
        let rank = |considered: &Considered| {
            let is_chosen = considered.passed_over.is_none();
            (!is_chosen, considered.score.unwrap_or(f64::INFINITY))
        };
        self.considered.sort_by(|one, two| {
            let (one, two) = (rank(one), rank(two));
            one.0.cmp(&two.0).then(one.1.total_cmp(&two.1))
        });
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chosen {
            Some(agent) => writeln!(f, "{} by {}: {agent}", self.asked, self.strategy)?,
            None => writeln!(f, "{} by {}: nobody", self.asked, self.strategy)?,
        }
        for considered in &self.considered {
            write!(f, "  {:<24}", considered.agent.to_string())?;
            match considered.score {
                Some(score) => write!(f, " score {score:<10.3}")?,
                None => write!(f, " {:<16}", "")?,
            }
            match &considered.passed_over {
                None => writeln!(f, " load {:<6} chosen", considered.load)?,
                Some(why) => writeln!(f, " load {:<6} passed over: {why}", considered.load)?,
            }
        }
        Ok(())
    }
}
