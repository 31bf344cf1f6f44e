//! A day at the desk.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ractor_agents::agent::AgentId;
use ractor_agents::prelude::*;
use ractor_agents::routing::{RouteError, Router, WhenNobody};
use ractor_agents::supervision::{Backoff, Intensity};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::clerk::{Clerk, STAFF, TIRED};
use crate::cli::Strategy;
use crate::ticket::Ticket;

/// How a day goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Desk {
    pub(crate) strategy: Strategy,
    /// How often a clerk is killed; zero is never.
    pub(crate) chaos: Duration,
    pub(crate) seed: u64,
    /// Tickets in a second.
    pub(crate) rate: f64,
}

/// What a day came to.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) strategy: Strategy,
    /// How long each customer waited, ascending.
    pub(crate) waits: Vec<Duration>,
    /// How many tickets each clerk did.
    pub(crate) shares: BTreeMap<String, usize>,
    pub(crate) unanswered: usize,
    pub(crate) kills: usize,
    /// A ticket, and whom it would have gone to at that time, and why.
    pub(crate) example: String,
    pub(crate) explanation: String,
}

impl Desk {
    /// Does all tickets. They come at random times, the same for every strategy, and do not wait for one another.
    pub(crate) async fn work(self, tickets: &[Ticket]) -> Result<Day> {
        let swarm = Swarm::local();
        let staff = staff(&swarm).await?;
        let desks = self.desks(&swarm, tickets).await?;
        let chaos = tokio::spawn(kill(swarm.clone(), self.chaos, self.seed));
        let mut random = SmallRng::seed_from_u64(self.seed);
        let mut due = Instant::now();
        let mut open = JoinSet::new();
        let (mut example, mut explanation) = (String::new(), String::new());
        for (number, ticket) in tickets.iter().enumerate() {
            // Arrivals of independent customers: exponential pauses.
            due += Duration::from_secs_f64(-random.random::<f64>().max(1e-9).ln() / self.rate);
            sleep_until(due).await;
            let router = &desks[&ticket.category];
            if number == tickets.len() / 2 {
                staff
                    .values()
                    .filter(|(name, _)| *name == TIRED)
                    .for_each(|(_, clerk)| clerk.slow_down(4));
            }
            if example.is_empty()
                && number > tickets.len() * 2 / 3
                && ticket.category == "technical"
            {
                example = ticket.id.clone();
                explanation = named(&router.explain().to_string(), &staff);
            }
            open.spawn(ask(router.clone(), ticket.clone(), due));
        }
        let mut day = Day {
            strategy: self.strategy,
            waits: Vec::new(),
            shares: STAFF
                .iter()
                .map(|(name, ..)| ((*name).to_owned(), 0))
                .collect(),
            unanswered: 0,
            kills: 0,
            example,
            explanation,
        };
        while let Some(done) = open.join_next().await {
            match done? {
                (wait, Ok(by)) => {
                    day.waits.push(wait);
                    if let Some((name, _)) = staff.get(&by) {
                        *day.shares.entry((*name).to_owned()).or_default() += 1;
                    }
                }
                (_, Err(error)) => {
                    eprintln!("{error}");
                    day.unanswered += 1;
                }
            }
        }
        chaos.abort();
        day.kills = usize::try_from(swarm.status().restarts).unwrap_or(usize::MAX);
        day.waits.sort_unstable();
        swarm.shutdown(Duration::from_secs(1)).await;
        Ok(day)
    }

    /// A router for each category of tickets.
    async fn desks(
        self,
        swarm: &Swarm,
        tickets: &[Ticket],
    ) -> Result<HashMap<String, Router<Clerk>>> {
        let mut desks = HashMap::new();
        for ticket in tickets {
            if desks.contains_key(&ticket.category) {
                continue;
            }
            // The manual for technical tickets has changed: version 2 knows the old one.
            let asked = match &*ticket.category {
                "technical" => "technical@^3",
                other => other,
            };
            let router = swarm.router().capability(asked);
            let router = router
                .when_nobody(WhenNobody::Wait(Duration::from_secs(2)))
                .await?;
            self.strategy.apply(&router);
            desks.insert(ticket.category.clone(), router);
        }
        Ok(desks)
    }
}

async fn ask(
    router: Router<Clerk>,
    ticket: Ticket,
    due: Instant,
) -> (Duration, Result<AgentId, RouteError<Ticket>>) {
    let priority = ticket.priority;
    // A clerk that is killed over a ticket begins again, or another does.
    let answer = router.ask(ticket).priority(priority).attempts(5).await;
    // From the time it was due, not from the time it was sent: a desk that is late must not look quick.
    (due.elapsed(), answer)
}

async fn staff(swarm: &Swarm) -> Result<HashMap<AgentId, (&'static str, Clerk)>> {
    let mut staff = HashMap::new();
    for (name, pace, weight, capabilities) in STAFF {
        let clerk = Clerk::new(pace);
        let mut spawn = swarm.spawn(clerk.clone()).name(name).weight(weight);
        spawn = spawn.intensity(Intensity::new(1_000, Duration::from_secs(1)));
        spawn = spawn.restart_backoff(Backoff::NONE);
        for capability in capabilities {
            spawn = spawn.capability(*capability);
        }
        staff.insert(spawn.await?.id(), (name, clerk));
    }
    Ok(staff)
}

async fn kill(swarm: Swarm, interval: Duration, seed: u64) {
    if interval.is_zero() {
        return;
    }
    let mut random = SmallRng::seed_from_u64(seed);
    let mut ticks = tokio::time::interval(interval);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let agents = swarm.agents();
        if let Some(victim) = agents.get(random.random_range(0..agents.len().max(1))) {
            swarm.kill(*victim);
        }
    }
}

/// With the clerks' names in place of their ids.
fn named(explanation: &str, staff: &HashMap<AgentId, (&'static str, Clerk)>) -> String {
    let mut text = explanation.to_owned();
    for (id, (name, _)) in staff {
        for (end, padding) in [
            (" ", id.to_string().len().saturating_sub(name.len())),
            ("\n", 0),
        ] {
            let padded = format!("{name}{}{end}", " ".repeat(padding));
            text = text.replace(&format!("{id}{end}"), &padded);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Desk;
    use crate::cli::Strategy;
    use crate::ticket;

    /// In real time: the runtime of the swarm is its own.
    #[tokio::test]
    async fn every_ticket_is_answered_while_clerks_are_killed() {
        let tickets = ticket::read(None).unwrap();
        let desk = Desk {
            strategy: Strategy::LeastConnections,
            chaos: Duration::from_millis(10),
            seed: 1,
            rate: 400.0,
        };
        let day = desk.work(&tickets[..200]).await.unwrap();
        assert_eq!((day.waits.len(), day.unanswered), (200, 0));
        assert_eq!(day.shares.values().sum::<usize>(), 200);
        assert_eq!(day.shares["Jan"], 0, "knows the old manual only");
        assert!(day.kills > 10);
        assert!(day.explanation.contains("Jan") && day.explanation.contains("chosen"));
    }
}
