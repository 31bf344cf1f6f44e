//! The `supervisors` crate alone: a nested tree of plain ractor actors, no agent anywhere.
//!
//! ```text
//! cargo run --example nested_tree
//!
//! reader failed: reader was restarted (1)
//! parser failed: parser was restarted (1), writer was restarted (1)
//! all stopped in order: 4 children, 0 killed
//! ```
//!
//! The fourth child is the inner supervisor:
//!
//! ```text
//! top (one for one)
//! ├── reader                       on its own
//! └── pipeline (rest for one)      who comes after a failed one is restarted with it
//!     ├── parser
//!     └── writer
//! ```

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use supervisors::{ChildSpec, Event, Events, Intensity, Supervisor, System};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// An ordinary ractor actor that fails on each message.
struct Fragile;

impl Actor for Fragile {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<()>, (): (), (): &mut ()) -> Result<(), ActorProcessingErr> {
        Err("out of luck".into())
    }
}

fn fragile(id: &str) -> ChildSpec {
    ChildSpec::actor(id, || (Fragile, ()))
}

/// The next `count` restarts, as text.
async fn restarts(events: &mut Events, count: usize) -> Result<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        if let Event::Restarted { id, count, .. } = events.recv().await? {
            seen.push(format!("{id} was restarted ({count})"));
        }
    }
    Ok(seen.join(", "))
}

#[tokio::main]
async fn main() -> Result<()> {
    let system = System::new()?;
    let often = Intensity::new(5, Duration::from_secs(5));
    let pipeline = Supervisor::rest_for_one()
        .intensity(often)
        .child(fragile("parser"))
        .child(fragile("writer"))
        .into_ref();
    let top = Supervisor::one_for_one()
        .intensity(often)
        .child(fragile("reader"))
        .child(ChildSpec::supervisor("pipeline", pipeline.clone()));
    let top = system.start(top).await?;

    let mut events = top.events();
    top.where_is("reader")
        .ok_or("no reader")?
        .send_message(())?;
    println!("reader failed: {}", restarts(&mut events, 1).await?);

    let mut events = pipeline.events();
    let parser = pipeline.where_is("parser").ok_or("no parser")?;
    parser.send_message(())?;
    println!("parser failed: {}", restarts(&mut events, 2).await?);

    let report = top.shutdown(Duration::from_secs(5)).await;
    println!(
        "all stopped in order: {} children, {} killed",
        report.stopped, report.killed
    );
    Ok(())
}
