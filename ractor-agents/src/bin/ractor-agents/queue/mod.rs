//! `ractor-agents queue`: durable queues.

mod ask;
mod chosen;
mod place;
mod show;
#[cfg(test)]
mod tests;

use std::io::Write;

use clap::{Args, Subcommand};
use ractor_agents::queue::{Backend, Filter, Name, Stats};

use crate::Failure;
use ask::confirm;
use chosen::{Chosen, Which};
use place::Place;
use show::Show;

/// Looks at durable queues, and puts them in order.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the queues are: a folder.
    #[arg(long, value_name = "FOLDER", global = true, default_value = "queues")]
    at: String,
    /// JSON instead of tables, one value per command.
    #[arg(long, global = true)]
    json: bool,
    /// Does what cannot be undone without asking.
    #[arg(long, short = 'y', global = true)]
    yes: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which queues there are.
    List,
    /// How much of what is in a queue.
    Stats { queue: Name },
    /// The first messages of a queue, which stay there.
    Peek {
        queue: Name,
        /// How many, up to 1,000.
        #[arg(long, short = 'n', default_value_t = 20)]
        count: usize,
        /// What is in them, too.
        #[arg(long)]
        payload: bool,
    },
    /// The dead letters of a queue, oldest first.
    Dead {
        queue: Name,
        #[command(flatten)]
        which: Which,
        /// How many, up to 1,000.
        #[arg(long, short = 'n', default_value_t = 20)]
        count: usize,
        /// What is in them, too.
        #[arg(long)]
        payload: bool,
    },
    /// Puts dead letters back into their queue, attempts counted anew.
    Redrive {
        queue: Name,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Drops dead letters for good.
    Discard {
        queue: Name,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Removes all messages in line or delayed, for good. Those on lease and the dead letters stay.
    Purge { queue: Name },
    /// Gives no messages out until it is resumed. Messages are taken in.
    Pause { queue: Name },
    /// Gives messages out again.
    Resume { queue: Name },
}

impl Command {
    fn queue(&self) -> Option<&Name> {
        match self {
            Self::List => None,
            Self::Stats { queue }
            | Self::Peek { queue, .. }
            | Self::Dead { queue, .. }
            | Self::Redrive { queue, .. }
            | Self::Discard { queue, .. }
            | Self::Purge { queue }
            | Self::Pause { queue }
            | Self::Resume { queue } => Some(queue),
        }
    }
}

pub(crate) async fn run(arguments: Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let place = Place::of(&arguments.at)?;
    let show = Show::new(arguments.json, out);
    let Some(name) = arguments.command.queue().cloned() else {
        return show.names(&place.queues()?);
    };
    let queue = place.queue(&name);
    queue.open().await?;
    let (queue, yes) = (&*queue, arguments.yes);
    let done = tokio::select! {
        done = carry_out(arguments.command, &name, queue, show, yes) => done,
        lost = queue.run() => lost.map_err(Failure::from),
    };
    queue.close();
    // What was asked for is done: how the end goes is no part of that.
    let _ = queue.run().await;
    done
}

async fn carry_out(
    command: Command,
    name: &Name,
    queue: &dyn Backend,
    show: Show<'_>,
    yes: bool,
) -> Result<(), Failure> {
    match command {
        Command::List => Ok(()),
        Command::Stats { .. } => show.stats(name, &queue.stats().await?),
        Command::Peek { count, payload, .. } => show.peeked(&queue.peek(count).await?, payload),
        Command::Dead {
            which,
            count,
            payload,
            ..
        } => {
            let letters = queue.dead_letters(which.filter(), None, count).await?;
            show.dead_letters(&letters, payload)
        }
        Command::Redrive { chosen, .. } => {
            let count = queue.redrive(chosen.selection()?).await?;
            show.count("redriven", count)
        }
        Command::Discard { chosen, .. } => {
            let selection = chosen.selection()?;
            let what = chosen.in_words();
            confirm(yes, &format!("Discard {what} of {name} for good?"))?;
            show.count("discarded", queue.discard(selection).await?)
        }
        Command::Purge { .. } => {
            let Stats { lanes, .. } = queue.stats().await?;
            let count: usize = lanes.iter().map(|lane| lane.ready + lane.delayed).sum();
            confirm(yes, &format!("Remove {count} messages of {name} for good?"))?;
            show.count("purged", queue.purge().await?)
        }
        Command::Pause { .. } => {
            queue.set_paused(true).await?;
            show.done("paused")
        }
        Command::Resume { .. } => {
            queue.set_paused(false).await?;
            show.done("resumed")
        }
    }
}

impl Which {
    fn filter(&self) -> Filter {
        Filter {
            reason: self.reason.map(Into::into),
            since: self.since,
            before: self.before,
        }
    }
}
