//! An open-loop load generator: messages are sent when they are due, whether earlier ones have been answered or not.
//!
//! ```text
//! cargo run --release --example loadtest -- [--rate 1000] [--agents 1000] [--payload 64] [--layers none] [--seconds 5]
//!                                           [--json FILE]
//! cargo run --release --example loadtest -- --check
//! ```
//!
//! Response times count from the moment a message was due, not from when it was sent: a generator that is held up by what
//! it measures would otherwise leave out just the slow ones (coordinated omission). The timers that it waits with have a
//! resolution of 1 ms, which is part of each figure.
//!
//! `--check` measures the project's original targets and says by what factor each is beaten. Status 1 if one is missed.

mod check;
mod generator;
mod outcome;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use generator::Load;
use ractor_agents::prelude::Result;
use worker::Layers;

/// Sends messages at a fixed rate and measures the answers.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version)]
struct Cli {
    /// Messages per second, over all agents.
    #[arg(long, default_value_t = 1000.0, value_parser = positive)]
    rate: f64,

    /// How many agents there are; each gets every so many-th message.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    agents: u32,

    /// Bytes in each message, beside its number.
    #[arg(long, default_value_t = 64, value_name = "BYTES")]
    payload: usize,

    /// What stands in front of each mailbox.
    #[arg(long, value_enum, default_value_t = Layers::None)]
    layers: Layers,

    /// How long messages are sent.
    #[arg(long, default_value_t = 5.0, value_parser = positive)]
    seconds: f64,

    /// Also writes the figures as JSON into FILE; `-` is standard output, in place of the text.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Measures the original targets instead; takes up to 30 seconds.
    #[arg(long, conflicts_with_all = ["rate", "agents", "payload", "layers", "seconds", "json"])]
    check: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (number.is_finite() && number > 0.0)
        .then_some(number)
        .ok_or_else(|| "must be above zero".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let passed = if cli.check {
        check::run().await
    } else {
        measure(&cli).await.map(|()| true)
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("loadtest: {error}");
            ExitCode::from(2)
        }
    }
}

async fn measure(cli: &Cli) -> Result<()> {
    let load = Load {
        rate: cli.rate,
        agents: cli.agents,
        payload: cli.payload,
        layers: cli.layers,
        seconds: cli.seconds,
    };
    let outcome = generator::run(&load).await?;
    let json = serde_json::to_string_pretty(&outcome)?;
    match &cli.json {
        Some(file) if file.as_os_str() == "-" => println!("{json}"),
        Some(file) => {
            std::fs::write(file, json)
                .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
            println!("{outcome}");
        }
        None => println!("{outcome}"),
    }
    Ok(())
}
