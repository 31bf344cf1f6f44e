//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use ractor_agents::routing::{
    LeastConnections, LeastResponseTime, PowerOfTwo, ResourceBased, RoundRobin, Router,
    WeightedRoundRobin,
};

use crate::clerk::Clerk;

/// Hands tickets to clerks, strategy by strategy.
#[derive(Clone, Debug, Parser)]
#[command(name = "support_desk", version)]
pub(crate) struct Cli {
    /// The tickets: lines of id, category, priority, effort (1 to 5), customer and subject, separated by tabs [default: 540 made-up
    /// ones].
    #[arg(long, value_name = "FILE")]
    pub(crate) tickets: Option<PathBuf>,

    /// How clerks are chosen [default: each strategy in turn].
    #[arg(long, value_enum, value_name = "NAME")]
    strategy: Option<Strategy>,

    /// How many tickets come in a second.
    #[arg(long, value_name = "N", default_value_t = 600.0, value_parser = rate)]
    pub(crate) rate: f64,

    /// Kills a random clerk at this interval, in milliseconds; 0 kills nobody.
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = duration)]
    pub(crate) chaos: Duration,

    /// Seed of arrivals and kills, so that a run can be repeated.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

impl Cli {
    pub(crate) fn strategies(&self) -> Vec<Strategy> {
        match self.strategy {
            Some(strategy) => vec![strategy],
            None => Strategy::value_variants().to_vec(),
        }
    }
}

/// How clerks are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    /// One after the other.
    RoundRobin,
    /// In turn, by weight: quick clerks have more.
    Weighted,
    /// The less loaded of two at random.
    PowerOfTwo,
    /// Whoever has least to do.
    LeastConnections,
    /// Whoever is expected to answer first.
    ResponseTime,
    /// Whoever uses least of processor, memory and queue.
    Resources,
}

impl Strategy {
    pub(crate) fn apply(self, router: &Router<Clerk>) {
        match self {
            Self::RoundRobin => router.set_strategy(RoundRobin::default()),
            Self::Weighted => router.set_strategy(WeightedRoundRobin::default()),
            Self::PowerOfTwo => router.set_strategy(PowerOfTwo::default()),
            Self::LeastConnections => router.set_strategy(LeastConnections::default()),
            Self::ResponseTime => router.set_strategy(LeastResponseTime::default()),
            Self::Resources => router.set_strategy(ResourceBased::default()),
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=100_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("1 to 100,000 tickets a second".to_owned())
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let number = |text: &str| text.parse::<u32>().ok().map(u64::from);
    let millis = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(millis), _) => number(millis),
        (None, Some(seconds)) => number(seconds).map(|seconds| seconds * 1_000),
        (None, None) => number(text).filter(|millis| *millis == 0),
    };
    let millis = millis.ok_or_else(|| "a number with a unit, such as 100ms or 2s".to_owned())?;
    Ok(Duration::from_millis(millis))
}
