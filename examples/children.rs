//! An agent with helpers of its own: they are spawned with it, supervised by themselves, and end with it.
//!
//! ```text
//! cargo run --example children
//!
//! [Lead#1, Helper#2, Helper#3]: 4 and 6 words
//! a helper was killed: [Lead#1, Helper#2, Helper#3]: 4 and 6 words
//! the lead was killed: [Lead#1, Helper#4, Helper#5]: 4 and 6 words
//! ```
//!
//! A killed helper is restarted under its old name. A killed lead is restarted too, and begins with new helpers; the old
//! ones finish what they have and end.

use ractor_agents::prelude::*;

#[derive(Clone)]
struct Helper;

#[agent]
impl Helper {
    #[message]
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

#[derive(Clone, Default)]
struct Lead {
    helpers: Vec<AgentRef<Helper>>,
}

#[agent]
impl Lead {
    /// Runs before the first message, after a restart too.
    #[on_start]
    async fn hire(&mut self, ctx: &Context<Self>) -> Result<(), Failure> {
        for _ in 0..2 {
            self.helpers.push(ctx.spawn_child(Helper).await?);
        }
        Ok(())
    }

    /// How many words each of the texts has.
    #[message]
    async fn review(&self, texts: &[String]) -> Result<Vec<usize>, Failure> {
        let mut counts = Vec::new();
        for (helper, text) in self.helpers.iter().cycle().zip(texts) {
            counts.push(helper.ask(Count { text: text.clone() }).await?);
        }
        Ok(counts)
    }
}

async fn show(swarm: &Swarm, lead: &AgentRef<Lead>, what: &str) -> Result<()> {
    let texts = ["the lead has helpers", "each of them is an agent"].map(String::from);
    let counts = lead
        .ask(Review {
            texts: texts.to_vec(),
        })
        .await?;
    while swarm.agents().len() > 3 {
        // The helpers of a killed lead are on their way out.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!(
        "{what}{:?}: {} and {} words",
        swarm.agents(),
        counts[0],
        counts[1]
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let swarm = Swarm::local();
    let lead = swarm.spawn(Lead::default()).await?;
    show(&swarm, &lead, "").await?;
    swarm.kill(swarm.agents()[1]);
    show(&swarm, &lead, "a helper was killed: ").await?;
    lead.kill();
    show(&swarm, &lead, "the lead was killed: ").await?;
    Ok(())
}
