//! Audits a source tree with a swarm of supervised agents: lines by language, work left to do, leaked secrets, risky
//! constructs, duplicate files.
//!
//! ```text
//! cargo run --release --example code_audit -- [PATH=.] [--json FILE] [--agents N] [--chaos DURATION] [--seed N]
//!                                             [--no-ignore] [--quiet] [--queue PLACE [--worker]]
//! ```
//!
//! A scout walks the tree, a pool of analysts counts lines, auditors apply the security rules, a reporter puts the facts
//! together. `--chaos 20ms` kills one of them (or a supervisor) every 20 ms: the report is the same. How that comes about
//! is told in [`agents`]. `--queue FOLDER` sends the work through a durable queue: the program can be killed at any moment, and goes on
//! where it was when it is started again. How is told in [`durable`].
//!
//! Ends with a table (or JSON), and with status 0 whatever it found; with 2 and a message where there is nothing to audit.

mod agents;
mod chaos;
mod cli;
mod durable;
mod fold;
mod inspect;
mod language;
mod progress;
mod read;
mod report;
mod rules;
#[cfg(test)]
mod sequential;
mod table;
mod team;
#[cfg(test)]
mod tests;
mod walk;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ractor_agents::prelude::Result;
use report::Report;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("code_audit: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &cli::Cli) -> Result<()> {
    let progress = progress::Progress::new(cli.quiet);
    let order = team::Order {
        root: cli.path.clone(),
        options: walk::Options {
            no_ignore: cli.no_ignore,
        },
        analysts: cli.agent_count(),
        chaos: cli.chaos(),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let Some(place) = &cli.queue else {
        let report = runtime.block_on(team::report(&order, &progress));
        progress.finish();
        return print(cli, &report?);
    };
    let place = durable::Place::find(place)?;
    if cli.worker {
        return runtime.block_on(durable::work(&order, place));
    }
    let finished = runtime.block_on(durable::audit(&order, place, &progress));
    progress.finish();
    let finished = finished?;
    print(cli, &finished.report)?;
    runtime.block_on(finished.clear())
}

/// Writes the report, as far as anybody reads it.
fn print(cli: &cli::Cli, report: &Report) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match write(cli, report, &mut stdout).and_then(|()| stdout.flush()) {
        // Whoever reads had enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes the report to where the command line wants it.
fn write(cli: &cli::Cli, report: &Report, stdout: &mut impl Write) -> io::Result<()> {
    if cli.json.as_deref() == Some(Path::new("-")) {
        serde_json::to_writer_pretty(&mut *stdout, report)?;
        return writeln!(stdout);
    }
    if let Some(file) = &cli.json {
        let json = serde_json::to_vec_pretty(report)?;
        std::fs::write(file, json).map_err(|error| {
            let text = format!("cannot write {}: {error}", file.display());
            io::Error::new(error.kind(), text)
        })?;
    }
    if cli.quiet {
        writeln!(stdout, "{}", table::summary(report))
    } else {
        write!(
            stdout,
            "{}",
            table::render(report, table::Look::of_stdout())
        )
    }
}
