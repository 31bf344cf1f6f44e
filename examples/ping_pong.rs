//! Two agents play: one tells the other, and asks for the score.
//!
//! ```text
//! cargo run --example ping_pong
//!
//! Pong#1 returned 1 of 1
//! Pong#1 returned 2 of 2
//! Pong#1 returned 3 of 3
//! Ping#2 won: its 4th ball was not returned
//! ```
//!
//! `#[agent]` makes a message of each marked method: `serve` becomes `Serve`, and asking with it gives what the method
//! returns. An [`AgentRef`] is an address: cheap to clone, and valid for as long as the agent lives, restarts included.

use ractor_agents::prelude::*;

#[derive(Clone)]
struct Pong {
    returned: u32,
    stamina: u32,
}

#[agent]
impl Pong {
    /// Whether the ball comes back.
    #[message]
    fn hit(&mut self, ball: u32, ctx: &Context<Self>) -> bool {
        let comes_back = self.returned < self.stamina;
        if comes_back {
            self.returned += 1;
            println!("{} returned {} of {ball}", ctx.id(), self.returned);
        }
        comes_back
    }
}

#[derive(Clone)]
struct Ping {
    pong: AgentRef<Pong>,
}

#[agent]
impl Ping {
    /// Plays until a ball is lost; says which one it was.
    #[message]
    async fn serve(&self) -> Result<u32, Failure> {
        let mut ball = 1;
        // An agent that waits for another one takes nothing else in hand meanwhile; what comes in waits in line.
        while self.pong.ask(Hit { ball }).await? {
            ball += 1;
        }
        Ok(ball)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let swarm = Swarm::local();
    let pong = swarm
        .spawn(Pong {
            returned: 0,
            stamina: 3,
        })
        .await?;
    let ping = swarm.spawn(Ping { pong }).await?;
    let lost = ping.ask(Serve).await?;
    println!("{} won: its {lost}th ball was not returned", ping.id());
    Ok(())
}
