//! Audits a source tree: lines by language, work left to do, leaked secrets, risky constructs, duplicate files.
//!
//! ```text
//! cargo run --release --example code_audit -- [PATH=.] [--json FILE] [--agents N] [--chaos DURATION] [--seed N]
//!                                             [--no-ignore] [--quiet]
//! ```

mod cli;
mod fold;
mod inspect;
mod language;
mod progress;
mod read;
mod report;
mod rules;
mod sequential;
mod table;
mod walk;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;

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

fn run(cli: &cli::Cli) -> Result<(), Box<dyn std::error::Error>> {
    let progress = progress::Progress::new(cli.quiet);
    let options = walk::Options {
        no_ignore: cli.no_ignore,
    };
    let report = sequential::report(&cli.path, options, &progress)?;
    progress.finish();
    let is_stdout = cli.json.as_deref() == Some(Path::new("-"));
    match &cli.json {
        Some(_) if is_stdout => serde_json::to_writer_pretty(io::stdout().lock(), &report)?,
        Some(file) => {
            let json = serde_json::to_vec_pretty(&report)?;
            fs::write(file, json)
                .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        None => {}
    }
    if is_stdout {
        println!();
    } else if cli.quiet {
        println!("{}", table::summary(&report));
    } else {
        print!("{}", table::render(&report, table::Look::of_stdout()));
    }
    Ok(())
}
