//! The same content twice is handled once, and many small messages are handled together.
//!
//! ```text
//! cargo run --example dedup_and_batching
//!
//! indexed together: a.md, b.md, c.md, d.md
//! indexed together: e.md, f.md
//! 9 accepted = 6 handled + 3 deduplicated
//! asking for a.md again: Indexer#1 has accepted the same message before
//! ```
//!
//! A layer stands in front of the mailbox and sees each message first. A duplicate within the window is accepted and ends
//! at once; whoever *tells* need not know, whoever *asks* is told.

use ractor_agents::mailbox::dedup;
use ractor_agents::prelude::*;

#[derive(Clone)]
struct Indexer;

impl Agent for Indexer {
    type Message = String;
    type Reply = ();

    async fn handle(&mut self, path: &String, ctx: &Context<Self>) -> Result<(), Failure> {
        self.handle_batch(&[path], ctx).await.map(drop)
    }

    /// One reply per message. A failure would fail them all, and each would be tried again if it has attempts left.
    async fn handle_batch(
        &mut self,
        paths: &[&String],
        _ctx: &Context<Self>,
    ) -> Result<Vec<()>, Failure> {
        let names: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
        println!("indexed together: {}", names.join(", "));
        Ok(vec![(); paths.len()])
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let swarm = Swarm::local();
    let indexer = swarm
        .spawn(Indexer)
        // Up to four at a time; the first of them waits for others no longer than this.
        .batch(4, Duration::from_millis(300))
        .layer(dedup::Layer::by_content(Duration::from_secs(60)))
        .await?;
    for path in ["a", "b", "a", "c", "b", "d", "e", "a", "f"] {
        indexer.tell(format!("{path}.md")).await?;
    }
    let asked = indexer.ask("a.md").await;

    // Takes nothing new, finishes what it has, and says what became of everything.
    let messages = swarm.shutdown(Duration::from_secs(5)).await.messages;
    println!(
        "{} accepted = {} handled + {} deduplicated",
        messages.accepted - 1,
        messages.handled,
        messages.deduplicated - 1
    );
    if let Err(error) = asked {
        println!("asking for a.md again: {error}");
    }
    Ok(())
}
