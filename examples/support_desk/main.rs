//! A support desk: tickets go to whoever can do them, by a strategy of choice, while clerks are killed and slowed down.
//!
//! Each kind of ticket has a router over the clerks with that capability. For each strategy the same tickets come in at the same
//! pace; the tables show how long customers waited and who did how much, and one ticket is explained.
//!
//! ```text
//! cargo run --release --example support_desk
//! cargo run --release --example support_desk -- --strategy least-connections --chaos 20ms
//! ```

mod clerk;
mod cli;
mod desk;
mod report;
mod ticket;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::desk::Desk;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let tickets = match ticket::read(cli.tickets.as_deref()) {
        Ok(tickets) => tickets,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let mut days = Vec::new();
    for strategy in cli.strategies() {
        let desk = Desk {
            strategy,
            chaos: cli.chaos,
            seed: cli.seed,
            rate: cli.rate,
        };
        match desk.work(&tickets).await {
            Ok(day) => days.push(day),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{}", report::waiting(&days));
    println!("{}", report::shares(&days));
    if let Some(day) = days.last() {
        println!("Ticket {} was for {}", day.example, day.explanation);
    }
    ExitCode::SUCCESS
}
