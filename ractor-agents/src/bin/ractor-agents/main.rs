//! What operators do from a terminal.

mod queue;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks at what a swarm of ractor-agents keeps, and puts it in order.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, Subcommand)]
enum About {
    /// Durable queues.
    Queue(queue::Arguments),
}

/// Why nothing was done.
#[derive(Debug)]
enum Failure {
    /// The command could not be carried out. Exit code 1.
    Failed(String),
    /// The command was not one to carry out. Exit code 2, as for arguments that are none.
    Refused(String),
    /// Nobody reads what is written.
    Unread,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unread;
        }
        Self::Failed(error.to_string())
    }
}

impl From<ractor_agents::queue::Error> for Failure {
    fn from(error: ractor_agents::queue::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => match arguments.about {
            About::Queue(arguments) => {
                runtime.block_on(queue::run(arguments, &mut io::stdout().lock()))
            }
        },
        Err(error) => Err(error.into()),
    };
    let (text, code) = match done {
        Ok(()) | Err(Failure::Unread) => return ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => (text, ExitCode::FAILURE),
        Err(Failure::Refused(text)) => (text, ExitCode::from(2)),
    };
    // Where that cannot be written either, the exit code is all there is.
    let _ = writeln!(io::stderr(), "ractor-agents: {text}");
    code
}
