//! Five lanes: an urgent message overtakes a flood, and a flood of urgent ones does not starve the rest.
//!
//! ```text
//! cargo run --example priorities
//!
//! 1000 low messages wait, then comes a critical one: it is handled as number 1
//! of 320 handled under a critical flood, 10 were low (fair, the default)
//! of 320 handled under a critical flood, 0 were low (strict)
//! ```
//!
//! The agent is held up while messages pile up, so that the order is seen. Within one lane messages keep their order.

use std::sync::Arc;

use ractor_agents::mailbox::Aging;
use ractor_agents::prelude::*;
use tokio::sync::Notify;

#[derive(Clone, Default)]
struct Desk {
    open: Arc<Notify>,
    handled: Vec<Priority>,
}

#[agent]
impl Desk {
    /// Holds everything up until the desk is opened.
    #[message]
    async fn hold(&mut self) {
        self.open.notified().await;
        self.handled.clear();
    }

    #[message]
    fn work(&mut self, ctx: &Context<Self>) {
        self.handled.extend(ctx.priority());
    }

    /// The lanes of what was handled, in order.
    #[message]
    fn log(&self) -> Vec<Priority> {
        self.handled.clone()
    }
}

/// Sends so many messages of each lane to a desk that is held up, then opens it: the order in which they were handled.
async fn handle(aging: Aging, piled: &[(Priority, usize)]) -> Result<Vec<Priority>> {
    let swarm = Swarm::local();
    let desk = Desk::default();
    let open = Arc::clone(&desk.open);
    let desk = swarm.spawn(desk).aging(aging).await?;
    desk.tell(Hold).priority(Priority::Critical).await?;
    for (priority, count) in piled {
        for _ in 0..*count {
            desk.tell(Work).priority(*priority).await?;
        }
    }
    open.notify_one();
    // In the lowest lane, and the last one there.
    Ok(desk.ask(Log).priority(Priority::Low).await?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let order = handle(
        Aging::Fair,
        &[(Priority::Low, 1000), (Priority::Critical, 1)],
    )
    .await?;
    let number = order.iter().position(|lane| *lane == Priority::Critical);
    println!(
        "1000 low messages wait, then comes a critical one: it is handled as number {}",
        number.map_or(0, |index| index + 1)
    );
    for (aging, name) in [
        (Aging::Fair, "fair, the default"),
        (Aging::Strict, "strict"),
    ] {
        let flood = [(Priority::Low, 100), (Priority::Critical, 1000)];
        let order = handle(aging, &flood).await?;
        let first = order.iter().take(320);
        let low = first.filter(|lane| **lane == Priority::Low).count();
        println!("of 320 handled under a critical flood, {low} were low ({name})");
    }
    Ok(())
}
