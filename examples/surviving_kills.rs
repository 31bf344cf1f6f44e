//! A handler panics, one hangs, one is killed: the agent is restarted each time, and nothing that waits is lost.
//!
//! ```text
//! cargo run --example surviving_kills
//!
//! job 1 is done at attempt 1
//! job 2 is done at attempt 1
//! job 3 is done at attempt 1
//! job 4 is done at attempt 2
//! Worker#1 was restarted 3 times
//! dead letter Worker#1/2 after 1 attempt(s): the handler panicked
//! dead letter Worker#1/4 after 1 attempt(s): the handler missed its deadline
//! 6 accepted = 4 handled + 2 failed
//! ```
//!
//! By default a message has one attempt, so what crashes its handler becomes a dead letter, with its reason. A message with
//! more attempts is tried again after a crash.

use std::sync::Arc;

use ractor_agents::prelude::*;
use tokio::sync::Notify;

#[derive(Clone, Default)]
struct Worker {
    began: Arc<Notify>,
}

enum Job {
    Do(u32),
    Panic,
    Hang,
    HangAtFirst(u32),
}

impl Agent for Worker {
    type Message = Job;
    type Reply = ();

    async fn handle(&mut self, job: &Job, ctx: &Context<Self>) -> Result<(), Failure> {
        let attempt = ctx.attempt().unwrap_or(1);
        match job {
            Job::Panic => panic!("out of cheese"),
            Job::Hang => std::future::pending().await,
            Job::HangAtFirst(_) if attempt == 1 => {
                self.began.notify_one();
                std::future::pending().await
            }
            Job::Do(number) | Job::HangAtFirst(number) => {
                println!("job {number} is done at attempt {attempt}");
            }
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // One line in place of a backtrace: Rust reports every panic, also one that is caught.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let swarm = Swarm::local();
    let worker = Worker::default();
    let began = Arc::clone(&worker.began);
    let worker = swarm.spawn(worker).await?;
    worker.tell(Job::Do(1)).await?;
    worker.tell(Job::Panic).await?;
    worker.tell(Job::Do(2)).await?;
    // Past its deadline a handler is killed.
    let deadline = Duration::from_millis(50);
    worker.tell(Job::Hang).deadline(deadline).await?;
    worker.tell(Job::Do(3)).await?;
    worker.tell(Job::HangAtFirst(4)).attempts(2).await?;
    began.notified().await;
    // As chaos tests and operators do it.
    worker.kill();

    swarm.stop(worker.id(), Duration::from_secs(5)).await;
    println!("{} was restarted {} times", worker.id(), worker.restarts());
    for letter in swarm.dead_letters().list() {
        let name = letter.id.map(|id| id.to_string()).unwrap_or_default();
        println!(
            "dead letter {name} after {} attempt(s): {}",
            letter.attempts, letter.reason
        );
    }
    let messages = swarm.status().messages;
    println!(
        "{} accepted = {} handled + {} failed",
        messages.accepted, messages.handled, messages.failed
    );
    Ok(())
}
