//! Sends what is due.

use std::time::Duration;

use hdrhistogram::Histogram;
use ractor_agents::agent::AgentRef;
use ractor_agents::prelude::{Result, Swarm};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::outcome::{Latency, Outcome};
use crate::worker::{self, Layers, Work, Worker};

/// What is sent.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Load {
    /// Messages per second.
    pub rate: f64,
    pub agents: u32,
    /// Bytes per message.
    pub payload: usize,
    pub layers: Layers,
    pub seconds: f64,
}

/// How many messages one generator has under way at most; what is due beyond that counts as failed, unsent. A guess: at a
/// tenth of a second per answer enough for a million messages per second.
const UNDER_WAY_MAX: usize = 100_000;

/// How many tasks send. Source: a guess; one sends some 200,000 messages per second.
const GENERATORS: u64 = 2;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Puts the load on a swarm of its own.
pub async fn run(load: &Load) -> Result<Outcome> {
    let swarm = Swarm::local();
    let spawning = Instant::now();
    let workers = worker::spawn(&swarm, load.agents, load.layers).await?;
    let spawned = spawning.elapsed();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of messages"
    )]
    let total = (load.rate * load.seconds).ceil() as u64;
    let start = Instant::now();
    let mut generators = JoinSet::new();
    for first in 0..GENERATORS {
        let numbers = (first..total).step_by(GENERATORS as usize);
        generators.spawn(send(*load, start, numbers, workers.clone()));
    }
    let mut tally = Tally::new();
    while let Some(part) = generators.join_next().await {
        tally.add(&part?)?;
    }
    let took = start.elapsed();
    let ended = swarm.shutdown(PATIENCE).await;
    let messages = ended.messages;
    Ok(Outcome {
        load: *load,
        due: total,
        answered: tally.times.len(),
        failed: tally.failed,
        lost: messages.accepted.abs_diff(messages.ended()),
        per_second: tally.times.len() as f64 / took.as_secs_f64(),
        response: Latency::of(&tally.times),
        spawned_ms: spawned.as_secs_f64() * 1e3,
    })
}

/// What came of the messages of one generator.
struct Tally {
    /// Of the answered ones, from when they were due, in microseconds.
    times: Histogram<u64>,
    failed: u64,
}

impl Tally {
    fn new() -> Self {
        Self {
            times: Histogram::new(3).expect("3 digits are allowed"),
            failed: 0,
        }
    }

    /// `None` for no answer.
    fn note(&mut self, response: Option<Duration>) -> Result<()> {
        match response {
            Some(time) => self
                .times
                .record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1))?,
            None => self.failed += 1,
        }
        Ok(())
    }

    fn add(&mut self, part: &Result<Self>) -> Result<()> {
        let part = part.as_ref().map_err(ToString::to_string)?;
        self.times.add(&part.times)?;
        self.failed += part.failed;
        Ok(())
    }
}

/// Sends the messages of these numbers, each when it is due, and waits for the answers.
async fn send(
    load: Load,
    start: Instant,
    numbers: impl Iterator<Item = u64>,
    workers: Vec<AgentRef<Worker>>,
) -> Result<Tally> {
    let mut tally = Tally::new();
    let mut under_way = JoinSet::new();
    for (number, worker) in numbers.zip(workers.iter().cycle()) {
        let due = start + Duration::from_secs_f64(number as f64 / load.rate);
        if due > Instant::now() {
            sleep_until(due).await;
        }
        while let Some(response) = under_way.try_join_next() {
            tally.note(response?)?;
        }
        if under_way.len() >= UNDER_WAY_MAX {
            tally.note(None)?;
            continue;
        }
        let worker = worker.clone();
        let payload = vec![1; load.payload];
        under_way.spawn(async move {
            let answer = worker.ask(Work { number, payload }).patience(PATIENCE);
            answer.await.ok().map(|_| due.elapsed())
        });
    }
    while let Some(response) = under_way.join_next().await {
        tally.note(response?)?;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(rate: f64, layers: Layers) -> Load {
        Load {
            rate,
            agents: 10,
            payload: 16,
            layers,
            seconds: 0.1,
        }
    }

    #[tokio::test]
    async fn every_message_that_was_due_is_counted() -> Result<()> {
        for layers in [Layers::None, Layers::Dedup, Layers::Ttl, Layers::Full] {
            let outcome = run(&load(5_000.0, layers)).await?;
            assert_eq!((outcome.due, outcome.lost), (500, 0));
            assert_eq!(outcome.answered + outcome.failed, 500, "{layers:?}");
            assert!(outcome.success() > 0.99, "{layers:?}: {outcome}");
        }
        Ok(())
    }

    /// A million are due in a tenth of a second, more than any machine sends: what waits in the generator is late, and a
    /// generator that counted from when it sent would not see it.
    #[tokio::test]
    async fn what_is_sent_late_counts_as_late() -> Result<()> {
        let outcome = run(&load(10_000_000.0, Layers::None)).await?;
        assert_eq!(outcome.answered + outcome.failed, 1_000_000);
        assert_eq!(outcome.lost, 0);
        assert!(outcome.response.max > 50.0, "{outcome}");
        Ok(())
    }
}
